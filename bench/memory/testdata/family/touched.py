# `python3 touched.py BYTES`: says "ready", waits for the file "go", and writes to every page of a bytearray.
import os.path
import sys
import time

count = int(float(sys.argv[1]))
print("ready", flush=True)
while not os.path.exists("go"):
    time.sleep(0.02)
kept = bytearray(count)
kept[::4096] = b"\1" * len(range(0, count, 4096))
time.sleep(600)
