// touched BYTES: says "ready", waits, and writes to every page of slices of 1 MB. What Go's own tables took for them is printed.
package main

import (
	"fmt"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime"
	"strconv"
	"time"
)

var kept [][]byte

func keepBlocks(bytes int) {
	const block = 1 << 20
	for at := 0; at < bytes; at += block {
		slice := make([]byte, block)
		for page := 0; page < block; page += 4096 {
			slice[page] = 1
		}
		kept = append(kept, slice)
	}
}

func main() {
	bytes, _ := strconv.Atoi(os.Args[1])
	if port := os.Getenv("PORT"); port != "" {
		go http.ListenAndServe("127.0.0.1:"+port, nil)
	}
	fmt.Println("ready")
	time.Sleep(2500 * time.Millisecond)
	keepBlocks(bytes)
	var figures runtime.MemStats
	runtime.ReadMemStats(&figures)
	fmt.Fprintln(os.Stderr, "heap", figures.HeapInuse, "tables", figures.GCSys+figures.MSpanSys+figures.OtherSys)
	time.Sleep(10 * time.Minute)
}
