package main

import (
	"log"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"sync"
)

var (
	mu   sync.Mutex
	kept [][]byte
)

//go:noinline
func keepRecord() {
	mu.Lock()
	kept = append(kept, make([]byte, 16384))
	mu.Unlock()
}

//go:noinline
func churn() int {
	n := 0
	for i := 0; i < 10; i++ {
		b := make([]byte, 4096+i)
		n += len(b)
	}
	return n
}

//go:noinline
func waitForever(answer chan int) {
	<-answer
}

func main() {
	http.HandleFunc("/wait", func(w http.ResponseWriter, r *http.Request) {
		go waitForever(make(chan int))
		w.Write([]byte("ok\n"))
	})
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		keepRecord()
		if churn() > 0 {
			w.Write([]byte("ok\n"))
		}
	})
	port := os.Getenv("PORT")
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.Serve(listener, nil))
}
