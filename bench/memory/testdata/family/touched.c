/* touched: says "ready", waits for the file "go", and writes to every page of what two functions take: 60 MB in blocks of 64 KiB, 40 MB in one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *volatile kept[4096];
static int count;

__attribute__((noinline)) void keep_blocks(size_t bytes) {
  const size_t block = 65536;
  for (size_t at = 0; at < bytes; at += block) {
    kept[count] = malloc(block);
    memset(kept[count], 1, block);
    count++;
    usleep(1000);
  }
}

__attribute__((noinline)) void keep_whole(size_t bytes) {
  kept[count] = malloc(bytes);
  memset(kept[count], 1, bytes);
  count++;
}

int main(void) {
  puts("ready");
  fflush(stdout);
  while (access("go", F_OK) != 0) usleep(20000);
  keep_blocks(60000000);
  keep_whole(40000000);
  for (;;) pause();
}
