// A request with a token that is always valid, from Go through the C library.
//
//	go build request.go
//	PISMO_SERVER_KEY=… PISMO_SERVER_SECRET=… ./request https://sandbox.pismolabs.io /accounts/123
package main

/*
#cgo pkg-config: evertoken
#include <evertoken.h>
#include <stdlib.h>
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
	"unsafe"
)

// Client may be used by any number of goroutines.
type Client struct {
	handle *C.evertoken_client
}

// taken frees an error and returns its text as a Go error; nil for none.
func taken(failure *C.evertoken_error) error {
	if failure == nil {
		return nil
	}
	defer C.evertoken_error_free(failure)
	return errors.New(C.GoString(C.evertoken_error_text(failure)))
}

// NewPismo logs in with a server key and its secret, once the first request needs a token.
func NewPismo(baseURL, key, secret string) (*Client, error) {
	texts := []*C.char{C.CString(baseURL), C.CString(key), C.CString(secret)}
	for _, text := range texts {
		defer C.free(unsafe.Pointer(text))
	}
	var failure *C.evertoken_error
	var config *C.evertoken_config
	if C.evertoken_config_pismo(texts[0], texts[1], texts[2], &config, &failure) != C.EVERTOKEN_OK {
		return nil, taken(failure)
	}
	defer C.evertoken_config_free(config)
	client := &Client{}
	if C.evertoken_client_new(config, &client.handle, &failure) != C.EVERTOKEN_OK {
		return nil, taken(failure)
	}
	runtime.SetFinalizer(client, func(client *Client) { C.evertoken_client_free(client.handle) })
	return client, nil
}

// Get waits for the whole response. A 401 is healed if possible.
func (client *Client) Get(path string, timeout time.Duration) (int, []byte, error) {
	method, url := C.CString("GET"), C.CString(path)
	defer C.free(unsafe.Pointer(method))
	defer C.free(unsafe.Pointer(url))
	var failure *C.evertoken_error
	var response *C.evertoken_response
	status := C.evertoken_client_request(client.handle, method, url, nil, 0, C.int64_t(timeout.Milliseconds()), &response, &failure)
	runtime.KeepAlive(client)
	if status != C.EVERTOKEN_OK {
		return 0, nil, taken(failure)
	}
	defer C.evertoken_response_free(response)
	var length C.size_t
	body := C.evertoken_response_body(response, &length)
	return int(C.evertoken_response_status(response)), C.GoBytes(unsafe.Pointer(body), C.int(length)), nil
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintf(os.Stderr, "usage: %s BASE_URL PATH\n", os.Args[0])
		os.Exit(2)
	}
	client, err := NewPismo(os.Args[1], os.Getenv("PISMO_SERVER_KEY"), os.Getenv("PISMO_SERVER_SECRET"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// All at once, and still one login.
	var all sync.WaitGroup
	failed := make(chan error, 8)
	for i := 0; i < cap(failed); i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			status, body, err := client.Get(os.Args[2], 10*time.Second)
			if err == nil && status != 200 {
				err = fmt.Errorf("status %d", status)
			}
			if err != nil {
				failed <- err
				return
			}
			fmt.Printf("%d, %d bytes\n", status, len(body))
		}()
	}
	all.Wait()
	close(failed)
	for err := range failed {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
