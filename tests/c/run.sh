#!/bin/sh
# Builds and runs the C tests; the last line says `N passed, N failed`.
#
#   tests/c/run.sh                             everything
#   tests/c/run.sh plain                       the programs by both compilers, the vectors, the examples, install and CMake
#   tests/c/run.sh sanitizers                  the same programs under AddressSanitizer and UndefinedBehaviorSanitizer
#   tests/c/run.sh valgrind                    under valgrind: no error, nothing definitely lost
#   tests/c/run.sh valgrind-vectors            the vectors under valgrind, which is not part of everything: it takes a minute
#
# Needs a C and a C++ compiler, pkg-config and Python; libcurl (libcurl4-openssl-dev), valgrind, cmake, clang and Go where they
# are there.
# Variables: CC (cc), CXX (c++), PYTHON (python3), CARGO_TARGET_DIR (target). EVERTOKEN_BUILT=1: cargo has built the debug profile already.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cd "$root"
target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$root/$target ;; esac
out=$target/c-tests
prefix=$out/prefix
cc=${CC:-cc} cxx=${CXX:-c++}
what=${1:-all}
strict='-Wall -Wextra -Wpedantic -Werror -g -O1'
passed=0 failed=0

unset HTTP_PROXY HTTPS_PROXY ALL_PROXY http_proxy https_proxy all_proxy
# Symbolising a backtrace keeps megabytes reachable, which would hide a leak.
export RUST_BACKTRACE=0

[ -n "${EVERTOKEN_BUILT:-}" ] || cargo build --quiet --locked -p evertoken-c -p evertoken-cli
mkdir -p "$out"
PREFIX=$prefix PROFILE=debug CARGO_TARGET_DIR=$target bindings-c/install.sh
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig" EVERTOKEN_COMMAND="$prefix/bin/evertoken"
export EVERTOKEN_LIBRARY="$prefix/lib/libevertoken.so.0"
cflags=$(pkg-config --cflags evertoken)
libs="$(pkg-config --libs evertoken) -Wl,-rpath,$prefix/lib -lpthread"
has_curl=no
pkg-config --exists libcurl && has_curl=yes

# note NAME STATUS: one result.
note() {
    if [ "$2" = 0 ]; then
        passed=$((passed + 1))
        echo "ok $1"
    else
        failed=$((failed + 1))
        echo "FAILED $1"
    fi
}

# check NAME COMMAND…: one result; its output is shown if it fails.
check() {
    name=$1
    shift
    # Not behind `||`: there the shell would not stop at the first command that fails.
    set +e
    (
        set -e
        "$@"
    ) >"$out/check.log" 2>&1
    status=$?
    set -e
    [ "$status" = 0 ] || cat "$out/check.log"
    note "$name" "$status"
}

# run NAME COMMAND…: a test program, which says `ok …` for each test.
run() {
    name=$1
    shift
    status=0
    "$@" >"$out/$name.log" 2>"$out/$name.err" || status=$?
    bad=$(grep -c '^FAILED ' "$out/$name.log" || true)
    [ "$status" = 0 ] || [ "$bad" -gt 0 ] || bad=1
    passed=$((passed + $(grep -c '^ok ' "$out/$name.log" || true)))
    failed=$((failed + bad))
    echo "$name: $(grep -c '^ok ' "$out/$name.log" || true) ok$([ "$bad" = 0 ] || echo ", $bad failed")"
    [ "$bad" = 0 ] || { grep '^FAILED ' "$out/$name.log" || true; cat "$out/$name.err"; } >&2
}

# build SUFFIX FLAGS…: every test program, as $out/NAME$SUFFIX.
build() {
    suffix=$1
    shift
    for test in surface errors concurrency lifecycle logging streaming writing timeouts forks twice examples; do
        # shellcheck disable=SC2086  # lists of words
        "$cc" -std=c99 $strict "$@" $cflags "tests/c/$test.c" tests/c/support/*.c -o "$out/$test$suffix" $libs
    done
    "${PYTHON:-python3}" tests/c/table/rows.py <bindings-c/exports.txt >"$out/rows.inc"
    # shellcheck disable=SC2086
    "$cc" -std=c99 $strict "$@" $cflags -Itests/c -I"$out" tests/c/table/main.c tests/c/support/*.c -o "$out/table$suffix" $libs
    for source in json sandbox; do
        # shellcheck disable=SC2086
        "$cc" -std=c99 $strict "$@" $cflags -c "tests/c/support/$source.c" -o "$out/$source$suffix.o"
    done
    for test in wrapper leaving; do
        # shellcheck disable=SC2086
        "$cxx" -std=c++17 $strict "$@" $cflags "tests/c/$test.cpp" "$out/json$suffix.o" "$out/sandbox$suffix.o" -o "$out/$test$suffix" $libs
    done
    if [ "$has_curl" = yes ]; then
        # shellcheck disable=SC2046,SC2086
        "$cc" -std=c99 $strict "$@" $cflags tests/c/curl.c tests/c/support/*.c -o "$out/curl$suffix" $libs $(pkg-config --cflags --libs libcurl)
    fi
    # shellcheck disable=SC2086
    "$cc" -std=c99 $strict "$@" $cflags tests/c/loading.c -o "$out/loading$suffix" -ldl
    # shellcheck disable=SC2086
    "$cc" -std=c99 $strict "$@" $cflags tests/c/vectors/*.c tests/c/support/*.c -o "$out/vectors$suffix" $libs
}

header_compiles() {
    for standard in c99 c11; do
        printf '#include <evertoken.h>\n' >"$out/header.c"
        # shellcheck disable=SC2086
        "$1" -std=$standard $strict $cflags -fsyntax-only "$out/header.c"
    done
    for standard in c++11 c++17; do
        # shellcheck disable=SC2086
        "$2" -std=$standard $strict $cflags -fsyntax-only -x c++ "$out/header.c"
    done
    [ "$has_curl" = yes ] || return 0
    printf '#include <evertoken_curl.h>\n' >"$out/header.c"
    # shellcheck disable=SC2046,SC2086
    "$1" -std=c99 $strict $cflags $(pkg-config --cflags libcurl) -fsyntax-only "$out/header.c"
    # shellcheck disable=SC2046,SC2086
    "$2" -std=c++11 $strict $cflags $(pkg-config --cflags libcurl) -fsyntax-only -x c++ "$out/header.c"
}

exports_agree() {
    sed -n 's/^[^(]*[ *]\(evertoken_[a-z0-9_]*\)(.*/\1/p' bindings-c/exports.txt | LC_ALL=C sort >"$out/exports.txt"
    nm -D --defined-only "$EVERTOKEN_LIBRARY" | awk '{ print $3 }' | LC_ALL=C sort | diff "$out/exports.txt" -
}

installs_and_uninstalls() {
    stage=$out/stage
    rm -rf "$stage"
    DESTDIR=$stage PREFIX=/usr LIBDIR=/usr/lib/x PROFILE=debug CARGO_TARGET_DIR=$target bindings-c/install.sh
    for file in bin/evertoken include/evertoken.h lib/x/libevertoken.so lib/x/libevertoken.a lib/x/pkgconfig/evertoken.pc \
        lib/x/cmake/evertoken/evertoken-config.cmake; do
        [ -f "$stage/usr/$file" ]
    done
    [ "$(readlink "$stage/usr/lib/x/libevertoken.so")" = libevertoken.so.0 ]
    readelf -d "$stage/usr/lib/x/libevertoken.so" | grep -q 'soname: \[libevertoken.so.0\]'
    DESTDIR=$stage PREFIX=/usr LIBDIR=/usr/lib/x PROFILE=debug CARGO_TARGET_DIR=$target bindings-c/install.sh uninstall
    [ -z "$(find "$stage" ! -type d)" ]
}

# The lines of the README, for C and for C++, and what a linker does that is told to take static libraries.
static_library_links() {
    flags=$(pkg-config --cflags --libs evertoken-static)
    # shellcheck disable=SC2086
    "$cc" -std=c99 $strict tests/c/surface.c -o "$out/surface-static" $flags
    "$out/surface-static"
    # shellcheck disable=SC2086
    "$cxx" -std=c++17 $strict tests/c/wrapper.cpp "$out/json.o" "$out/sandbox.o" -o "$out/wrapper-static" $flags
    "$out/wrapper-static"
    # shellcheck disable=SC2046,SC2086
    "$cc" -std=c99 $strict $cflags tests/c/surface.c -o "$out/surface-static" "$prefix/lib/libevertoken.a" \
        $(pkg-config --static --libs-only-l evertoken | sed 's/-levertoken//')
    for program in surface wrapper; do
        if readelf -d "$out/$program-static" | grep -q libevertoken; then return 1; fi
    done
}

cmake_package_works() {
    rm -rf "$out/cmake"
    cmake -S tests/c/cmake -B "$out/cmake" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx"
    cmake --build "$out/cmake"
    for program in evertoken static cpp_evertoken cpp_static; do "$out/cmake/consumer_$program"; done
}

# build_examples: as their comments say, with the strict flags; sets $examples.
build_examples() {
    examples=
    for source in examples/c/*.c; do
        name=$(basename "$source" .c)
        needs=
        if grep -q evertoken_curl.h "$source"; then
            [ "$has_curl" = yes ] || continue
            needs=$(pkg-config --cflags --libs libcurl)
        fi
        # shellcheck disable=SC2086
        "$cc" -std=c99 $strict $cflags "$source" -o "$out/example-$name" $libs $needs
        examples="$examples $out/example-$name"
    done
    # Whether the binary interface holds for other languages.
    examples="$examples examples/ctypes/request.py"
    if command -v go >/dev/null 2>&1; then
        (
            cd examples/go
            GOFLAGS=-mod=mod GO111MODULE=auto GOCACHE=$out/go CGO_ENABLED=1 CC=$cc CGO_LDFLAGS="-Wl,-rpath,$prefix/lib" go build -o "$out/example-go" request.go
        )
        examples="$examples $out/example-go"
    else
        echo "go is not here: its example is left out"
    fi
}

plain() {
    check "header in C99, C11, C++11, C++17" header_compiles "$cc" "$cxx"
    if command -v clang >/dev/null 2>&1; then check "header with clang" header_compiles clang clang++; else echo "clang is not here: left out"; fi
    check "exported symbols" exports_agree
    check "install and uninstall" installs_and_uninstalls
    if command -v cmake >/dev/null 2>&1; then check "CMake package" cmake_package_works; fi
    build ""
    check "static library, from C and C++" static_library_links
    for test in surface table errors concurrency lifecycle logging streaming writing timeouts forks twice loading; do run "$test" "$out/$test"; done
    for test in wrapper leaving; do run "$test" "$out/$test"; done
    if [ "$has_curl" = yes ]; then run curl "$out/curl"; else echo "libcurl is not here: left out"; fi
    build_examples
    # shellcheck disable=SC2086  # a list of words
    run examples "$out/examples" $examples
    run vectors "$out/vectors" tests/vectors
    with_clang
}

# The same programs by the other compiler, with all its warnings; those that look at the interface are run.
with_clang() {
    if ! command -v clang >/dev/null 2>&1 || [ "$cc" = clang ]; then return; fi
    (
        cc=clang cxx=clang++
        build -clang
    )
    for test in surface table wrapper; do run "$test-clang" "$out/$test-clang"; done
    if [ "$has_curl" = yes ]; then run curl-clang "$out/curl-clang"; fi
}

sanitizers() {
    build -sanitized -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
    export ASAN_OPTIONS=detect_leaks=1:check_initialization_order=1 UBSAN_OPTIONS=print_stacktrace=1
    # Without forks: a thread may hold the sanitizer's own allocator lock at fork, and then the child waits for it for ever.
    for test in surface table errors concurrency lifecycle logging streaming writing timeouts loading wrapper leaving; do run "$test-sanitized" "$out/$test-sanitized"; done
    if [ "$has_curl" = yes ]; then run curl-sanitized "$out/curl-sanitized"; fi
    run vectors-sanitized "$out/vectors-sanitized" --together tests/vectors
    unset ASAN_OPTIONS UBSAN_OPTIONS
}

# under_valgrind NAME ARGUMENT…: a program with valgrind's eyes on memory and leaks. Not helgrind and drd: they know the locks of
# pthreads only and report each value that is handed over by an atomic, hundreds for every program.
under_valgrind() {
    test=$1
    shift
    leaks='--leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite'
    # A child leaves what the parent's threads held, on purpose.
    [ "$test" != forks ] || leaks=--leak-check=no
    # shellcheck disable=SC2086  # a list of words
    run "$test-valgrind" valgrind -q --error-exitcode=9 $leaks "$out/$test" "$@"
}

with_valgrind() {
    if ! command -v valgrind >/dev/null 2>&1; then
        echo "valgrind is not here: left out"
        return
    fi
    build ""
    if [ "$what" = valgrind-vectors ]; then
        under_valgrind vectors --together tests/vectors
        return
    fi
    for test in surface table errors concurrency lifecycle logging streaming writing timeouts forks wrapper leaving; do under_valgrind "$test"; done
    if [ "$has_curl" = yes ]; then under_valgrind curl; fi
}

case $what in
plain) plain ;;
sanitizers) sanitizers ;;
valgrind | valgrind-vectors) with_valgrind ;;
all)
    plain
    sanitizers
    with_valgrind
    ;;
*)
    echo "run.sh: unknown argument $what" >&2
    exit 2
    ;;
esac
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
