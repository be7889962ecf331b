// A map in Go: visits by an address that is never the same twice; the clean form forgets them when it holds a thousand.
package main

import (
	"fmt"
	"net/http"
	_ "net/http/pprof"
	"os"
	"strings"
	"sync"
)

type visit struct {
	address string
	notes   []string
}

type visitBook struct {
	mutex  sync.Mutex
	visits map[string]*visit
	leaks  bool
}

func newVisit(address string) *visit {
	return &visit{address: address, notes: []string{strings.Repeat("note ", 1500), address}}
}

func (book *visitBook) remember(address string) int {
	book.mutex.Lock()
	defer book.mutex.Unlock()
	book.visits[address] = newVisit(address)
	if !book.leaks && len(book.visits) >= 1000 {
		book.visits = map[string]*visit{}
	}
	return len(book.visits)
}

func main() {
	book := &visitBook{visits: map[string]*visit{}, leaks: len(os.Args) > 1 && os.Args[1] == "leak"}
	var counter int
	var mutex sync.Mutex
	http.HandleFunc("/", func(response http.ResponseWriter, request *http.Request) {
		mutex.Lock()
		counter++
		address := fmt.Sprintf("visitor %d", counter)
		mutex.Unlock()
		fmt.Fprintf(response, "%d\n", book.remember(address))
	})
	panic(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
