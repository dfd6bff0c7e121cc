package peerkit

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"sort"
	"strings"
)

const (
	exitFailed     = 1
	exitUsage      = 2
	exitEndedEarly = 3
)

// exitError ends the program with a code of its own. The reason was already
// printed as an event when err is nil.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

// app is what every subcommand gets.
type app struct {
	lib Library
	in  io.Reader
	out *output
}

type subcommand struct {
	run  func(*app, []string) error
	help string
}

var subcommands = map[string]subcommand{
	"version":           {runVersion, "print library and toolchain versions"},
	"node":              {runNode, "run a node, controlled by JSON lines on stdin"},
	"client":            {runClient, "connect, shake hands, perform script words"},
	"book":              {runBook, "check, make or measure an address book"},
	"hold":              {runHold, "hold many idle connections to a peer"},
	"bench-handshake":   {runBenchHandshake, "measure handshakes as client"},
	"bench-accept":      {runBenchAccept, "measure handshakes as server"},
	"bench-idle":        {runBenchIdle, "measure the memory of idle peers"},
	"bench-seed-client": {runBenchSeedClient, "measure a seed's answers under load"},
}

// Main runs the gopeer program for one library version.
func Main(lib Library) {
	a := &app{lib: lib, in: os.Stdin, out: newOutput(os.Stdout)}
	os.Exit(a.run(os.Args[1:]))
}

func (a *app) run(args []string) int {
	if len(args) == 0 {
		usage(os.Stderr)
		return exitUsage
	}
	cmd, ok := subcommands[args[0]]
	if !ok {
		fmt.Fprintf(os.Stderr, "gopeer: unknown subcommand %q\n", args[0])
		usage(os.Stderr)
		return exitUsage
	}
	err := cmd.run(a, args[1:])
	var coded *exitError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, flag.ErrHelp):
		return exitUsage
	case errors.As(err, &coded):
		if coded.err != nil {
			a.out.event("error", fields{"error": coded.err.Error()})
		}
		return coded.code
	default:
		a.out.event("error", fields{"error": err.Error()})
		return exitFailed
	}
}

func usage(w io.Writer) {
	names := make([]string, 0, len(subcommands))
	for name := range subcommands {
		names = append(names, name)
	}
	sort.Strings(names)
	fmt.Fprintln(w, "usage: gopeer SUBCOMMAND [flags]   (gopeer SUBCOMMAND -h lists them)")
	for _, name := range names {
		fmt.Fprintf(w, "  %-18s %s\n", name, subcommands[name].help)
	}
}

// parseFlags parses flags that may stand before, between and after the words
// and returns the words.
func parseFlags(fs *flag.FlagSet, args []string) ([]string, error) {
	var words []string
	for {
		if err := fs.Parse(args); err != nil {
			return nil, &exitError{code: exitUsage}
		}
		if fs.NArg() == 0 {
			return words, nil
		}
		words = append(words, fs.Arg(0))
		args = fs.Args()[1:]
	}
}

func usageError(format string, args ...any) error {
	return &exitError{code: exitUsage, err: fmt.Errorf(format, args...)}
}

// splitList cuts a comma separated list and drops empty elements.
func splitList(s string) []string {
	var out []string
	for _, part := range strings.Split(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func runVersion(a *app, args []string) error {
	fs := flag.NewFlagSet("version", flag.ContinueOnError)
	if _, err := parseFlags(fs, args); err != nil {
		return err
	}
	software, p2p, block := a.lib.Versions()
	a.out.print(fields{
		"module":   a.lib.Module(),
		"version":  moduleVersion(a.lib.Module()),
		"go":       runtime.Version(),
		"software": software,
		"p2p":      p2p,
		"block":    block,
	})
	return nil
}

// moduleVersion looks up the version the program was built with.
func moduleVersion(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, dep := range info.Deps {
		if dep.Path == path {
			return dep.Version
		}
	}
	return "unknown"
}
