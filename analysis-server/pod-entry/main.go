// The first process in a plugin's pod. It reads one line that says what the plugin is given, runs the plugin's command,
// and writes what that writes as numbered frames, so that a stream that was cut can be taken up again from the pod's log:
//
//	NUMBER KIND BASE64
//
// Kinds are A (the input is here), O (standard output), E (standard error) and X, the last one: its text is
// "EXIT_CODE SHA256 OUT_OF_MEMORY", the sum being that of all standard output, and the last how many of the pod's
// processes the kernel has ended for want of memory.
//
//	pod-entry copy PLACE                         copies itself, for a container whose image does not have it
//	pod-entry run WAIT_S COMMAND [ARGUMENT...]   runs a command, if its input comes within so many seconds
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A frame has to be shorter than the 16 KiB at which engines cut the lines of their logs.
const chunkBytes = 8 * 1024

// What shells end with that cannot run a command.
const notRun = 127

var outOfMemory = []string{"/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"}

type frames struct {
	lock   sync.Mutex
	out    io.Writer
	number int
}

func (f *frames) write(kind string, data []byte) {
	f.lock.Lock()
	defer f.lock.Unlock()
	fmt.Fprintf(f.out, "%d %s %s\n", f.number, kind, base64.StdEncoding.EncodeToString(data))
	f.number++
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "copy" {
		fail(copyTo(os.Args[2]))
	} else if len(os.Args) > 3 && os.Args[1] == "run" {
		fail(run(os.Args[2], os.Args[3:]))
	} else {
		fail(errors.New("usage: pod-entry copy PLACE | pod-entry run WAIT_S COMMAND [ARGUMENT...]"))
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "pod-entry:", err)
		os.Exit(1)
	}
}

func copyTo(place string) error {
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return err
	}
	return os.WriteFile(place, program, 0o555)
}

func run(waitS string, command []string) error {
	seconds, err := strconv.Atoi(waitS)
	if err != nil {
		return err
	}
	unused := time.AfterFunc(time.Duration(seconds)*time.Second, func() { fail(errors.New("no input came")) })
	given, err := read(os.Stdin)
	unused.Stop()
	if err != nil {
		return err
	}
	written := &frames{out: os.Stdout}
	written.write("A", nil)
	sum := sha256.New()
	code := notRun
	if process, ends, err := given.start(command); err != nil {
		written.write("E", []byte(fmt.Sprintf("pod-entry: exec %s failed: %s\n", command[0], cause(err))))
	} else {
		code = follow(process, ends, given.Stdin, written, sum)
	}
	written.write("X", []byte(fmt.Sprintf("%d %x %d", code, sum.Sum(nil), killedForMemory())))
	return nil
}

// What the plugin gets beside what its pod says.
type input struct {
	Stdin     []byte
	Arguments []string
	Variables map[string]string
	Files     map[string][]byte
}

// Returns the first line that is whole: one that was cut off is followed by an empty one and sent again.
func read(from io.Reader) (given input, err error) {
	lines := bufio.NewReaderSize(from, 64*1024)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return given, fmt.Errorf("no input came: %w", err)
		}
		if json.Unmarshal(line, &given) == nil {
			return given, nil
		}
		given = input{}
	}
}

// What is ours of the command's three streams.
type streams struct{ in, out, err *os.File }

func (given input) start(command []string) (*os.Process, streams, error) {
	for place, content := range given.Files {
		if err := os.WriteFile(place, content, 0o400); err != nil {
			return nil, streams{}, err
		}
	}
	for name, value := range given.Variables {
		os.Setenv(name, value)
	}
	path, err := exec.LookPath(command[0])
	if err != nil {
		return nil, streams{}, err
	}
	var ours, theirs [3]*os.File
	for number := range ours {
		reading, writing, err := os.Pipe()
		if err != nil {
			return nil, streams{}, err
		}
		if number == 0 {
			ours[number], theirs[number] = writing, reading
		} else {
			ours[number], theirs[number] = reading, writing
		}
	}
	process, err := os.StartProcess(path, append(command, given.Arguments...), &os.ProcAttr{Files: theirs[:]})
	for _, file := range theirs {
		file.Close()
	}
	return process, streams{ours[0], ours[1], ours[2]}, err
}

func follow(process *os.Process, ends streams, input []byte, written *frames, sum hash.Hash) int {
	go func() {
		// A command that ends without reading it is no error.
		ends.in.Write(input)
		ends.in.Close()
	}()
	var readers sync.WaitGroup
	readers.Add(2)
	go pass(ends.out, "O", written, sum, &readers)
	go pass(ends.err, "E", written, io.Discard, &readers)
	code := reap(process.Pid)
	if os.Getpid() == 1 {
		// What it has left behind would keep its streams open.
		syscall.Kill(-1, syscall.SIGKILL)
	}
	readers.Wait()
	return code
}

func pass(from io.Reader, kind string, written *frames, sum io.Writer, done *sync.WaitGroup) {
	defer done.Done()
	data := make([]byte, chunkBytes)
	for {
		count, err := from.Read(data)
		if count > 0 {
			sum.Write(data[:count])
			written.write(kind, data[:count])
		}
		if err != nil {
			return
		}
	}
}

// Collects all processes that end, as the first one has to, until the command has; returns its exit code, below zero
// that of a signal.
func reap(command int) int {
	for {
		var status syscall.WaitStatus
		ended, err := syscall.Wait4(-1, &status, 0, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return notRun
		}
		if ended == command && status.Signaled() {
			return -int(status.Signal())
		}
		if ended == command && status.Exited() {
			return status.ExitStatus()
		}
	}
}

// In the words of the C library, by which all runtimes know why a command was not run.
func cause(err error) string {
	if errors.Is(err, exec.ErrNotFound) {
		err = syscall.ENOENT
	}
	text := err.Error()
	text = text[strings.LastIndex(text, ": ")+1:]
	text = strings.TrimSpace(text)
	return strings.ToUpper(text[:1]) + text[1:]
}

func killedForMemory() int {
	for _, place := range outOfMemory {
		text, err := os.ReadFile(place)
		if err != nil {
			continue
		}
		for _, line := range strings.Split(string(text), "\n") {
			var count int
			if read, _ := fmt.Sscanf(line, "oom_kill %d", &count); read == 1 {
				return count
			}
		}
	}
	return 0
}
