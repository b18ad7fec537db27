import sys,time,os
print("worker", os.getpid())
while 1: time.sleep(1)
