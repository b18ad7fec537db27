"""What anybody tries first. Numbers and signs around one of these words are tried right after it."""

from __future__ import annotations

_WORDS = """
    abc abcd abcdef admin administrator angel asdf asdfgh asdfghjkl azerty baseball batman charlie chelsea cheese
    computer default donald dragon facebook flower football freedom google guest hello iloveyou letmein
    liverpool login loveme lovely master michael monkey mustang mynoob nothing ninja passw pass passwd password
    passwort motdepasse pokemon princess qazwsx qwer qwerty qwertz qwertyuiop root secret shadow shop soccer solo
    starwars summer sunshine superman superuser temp test tester thomas trustno user welcome whatever winter zxcvbn
    zxcvbnm spring autumn changeme testing manager owner staff support store printify
"""
_WHOLE = """
    123456789012 1234567890123 1q2w3e4r5t6y 1qaz2wsx3edc qwerty123456 123456qwerty password1234 iloveyou1234
    qwertyuiopasdfgh 1234qwerasdfzxcv passwordpassword adminadminadmin correcthorsebatterystaple letmeinletmein
    qazwsxedcrfv abcdefghijkl abcdefghijklm 111111111111 000000000000 121212121212 123123123123 112233445566
    administrator1 welcome12345 thisismypassword mypassword123 1q2w3e4r5t6y7u8i zaq12wsxcde3 superadmin123
"""
#: words that a password must not consist of, whatever digits and signs stand around them
WORDS = frozenset(_WORDS.split())
#: longer ones that are on every list
WHOLE = frozenset(_WHOLE.split())
