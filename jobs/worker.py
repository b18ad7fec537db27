import sys,time,os
print("worker", sys.argv[1], os.getpid())
while 1: time.sleep(1)
