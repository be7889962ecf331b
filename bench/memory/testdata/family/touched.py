# `python3 touched.py BYTES [SECONDS]`: says "ready", waits for a line or so long, and writes to every page of a bytearray.
import sys
import time

count = int(float(sys.argv[1]))
print("ready", flush=True)
if len(sys.argv) > 2:
    time.sleep(float(sys.argv[2]))
else:
    sys.stdin.readline()
kept = bytearray(count)
kept[::4096] = b"\1" * len(range(0, count, 4096))
time.sleep(600)
