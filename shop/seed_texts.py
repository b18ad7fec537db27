"""The first texts of a new store: collections by tag, and the pages every shop needs. Merchants rewrite them.

{name}, {email}, {legal} and {address} are filled in once, when the rows are made.
"""

from __future__ import annotations

#: slug, title, description, tags that make a product belong
COLLECTIONS: list[tuple[str, str, str, list[str]]] = [
    (
        "wild-places",
        "Wild Places",
        "<p>Ridges, rivers and the long way home. For people who check the weather for somewhere they are not.</p>",
        ["Wild Places"],
    ),
    (
        "night-sky",
        "Night Sky",
        "<p>Moons, meteors and maps of the stars, drawn for those who stay up for them.</p>",
        ["Night Sky"],
    ),
    (
        "botanical",
        "Botanical",
        "<p>Ferns, seed heads and a very good monstera. Leaves from the sketchbook, printed to last.</p>",
        ["Botanical"],
    ),
    (
        "type-and-words",
        "Type & Words",
        "<p>A few words, set with care. Say it once, say it well, wear it often.</p>",
        ["Type & Words"],
    ),
    (
        "retro-waves",
        "Retro Waves",
        "<p>Sun stripes, long boards and colours that have faded just right.</p>",
        ["Retro Waves"],
    ),
]

#: slug, title, html
PAGES: list[tuple[str, str, str]] = [
    (
        "about",
        "About us",
        "<p>{name} is a small studio. We draw, you choose, and only then is anything printed: one piece at a time, on "
        "good cotton, heavy paper and honest ceramic.</p><h2>Why print on demand</h2><p>Nothing sits in a warehouse and "
        "nothing is thrown away. It takes a few days longer than a box from a shelf, and we think it is worth it.</p>"
        '<h2>Talk to us</h2><p>A person answers: <a href="/contact">write to us</a>.</p>',
    ),
    (
        "shipping",
        "Shipping",
        "<p>Every piece is made after you order it. Printing takes two to five business days; then it travels. The cart "
        "shows the price and the usual time for your country before you pay.</p><h2>Tracking</h2><p>We send you a letter "
        'with the tracking number for each parcel. You can also <a href="/orders/find">look your order up</a>.</p>'
        "<h2>Several parcels</h2><p>Different things come from different print shops, so an order may arrive in more than "
        "one parcel. You pay for shipping once.</p>",
    ),
    (
        "returns",
        "Returns",
        "<p>If something is damaged, misprinted or not what you ordered, tell us within 30 days and we replace it or send "
        'your money back. A photo helps: <a href="/contact">write to us</a>.</p><h2>Changed your mind?</h2><p>Write within '
        "14 days of delivery. Unworn and unwashed pieces can come back; we tell you the address of the nearest print shop."
        "</p><h2>Size does not fit?</h2><p>Each shirt and hoodie has a size guide with measurements of the piece itself. "
        "If it still does not fit, write to us and we find a way.</p>",
    ),
    (
        "privacy",
        "Privacy",
        "<p>We keep what an order needs: your name, address, email, what you bought and what we wrote to each other. "
        "{legal}, {address}, is responsible for it.</p><h2>Who else sees it</h2><ul><li>Stripe takes the payment; we never "
        "see your card.</li><li>The print shop gets your name and address to send the parcel.</li><li>Our mail service "
        "carries our letters to you.</li></ul><h2>Cookies</h2><p>Only those "
        "without which the shop would not work, and only once you need them: your cart and its count, the form you are "
        "filling in, the language and currency you chose, and that you are signed in. No tracking, no advertising, "
        "nothing from third parties. That is why no banner asks for your consent.</p><h2>Your rights</h2>"
        '<p>Ask us what we keep, correct it, or have it deleted: <a href="mailto:{email}">{email}</a>. What tax law makes us '
        "keep, we keep for as long as it says.</p>",
    ),
    (
        "terms",
        "Terms",
        "<p>You buy from {legal}, {address}.</p><h2>The contract</h2><p>Your order is an offer; our order confirmation "
        "accepts it. Prices are those shown when you pay.</p><h2>Payment</h2><p>You pay on the secure page of Stripe. "
        "</p><h2>Delivery</h2><p>Pieces are made on demand and sent as described under "
        '<a href="/pages/shipping">Shipping</a>.</p><h2>If something is wrong</h2><p>See '
        '<a href="/pages/returns">Returns</a>. Your statutory rights stay as they are.</p>',
    ),
    (
        "imprint",
        "Imprint",
        "<p>{legal}<br>{address}</p><h2>Contact</h2>"
        '<p><a href="mailto:{email}">{email}</a> or <a href="/contact">our form</a></p>'
        "<h2>Responsible for the contents</h2><p>{legal}, at the address above.</p>"
        "<p>VAT number, register and telephone number: please add them here.</p>",
    ),
    (
        "accessibility",
        "Accessibility",
        "<p>{legal} wants everybody to be able to shop here. This statement is about the shop at this address, as the "
        "European Accessibility Act (Directive (EU) 2019/882) asks.</p><h2>How accessible the shop is</h2><p>It is built "
        "to meet the Web Content Accessibility Guidelines (WCAG) 2.2 at level AA, and EN 301 549. Every page works with the "
        "keyboard alone, with a screen reader, enlarged to 400 %, on a telephone, in light and in dark, and without "
        "JavaScript. All pages are checked by a machine with every change, and by people.</p><h2>What is not accessible "
        "yet</h2><p>Some pictures of products are described by their title only. Payment happens on the pages of Stripe, "
        'which has a statement of its own (stripe.com/accessibility).</p><h2>Tell us</h2><p>If '
        'something stands in your way, write to <a href="mailto:{email}">{email}</a> or by <a href="/contact">our form</a>. '
        "We answer within a week, and place your order for you until it is put right.</p><h2>Who watches over it</h2><p>If "
        "our answer does not help, turn to the market surveillance authority of your country.</p>",
    ),
]
