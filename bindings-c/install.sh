#!/bin/sh
# Installs what `cargo build --release -p evertoken-c -p evertoken-cli` has built, or removes it again:
#
#   bindings-c/install.sh                                  to /usr/local
#   PREFIX=/opt/evertoken bindings-c/install.sh            elsewhere
#   DESTDIR=stage PREFIX=/usr bindings-c/install.sh        for a package
#   PREFIX=/opt/evertoken bindings-c/install.sh uninstall
#
# Variables: PREFIX (/usr/local), DESTDIR (empty), LIBDIR (PREFIX/lib), INCLUDEDIR (PREFIX/include), BINDIR (PREFIX/bin),
# PROFILE (release), CARGO_TARGET_DIR (target). LIBDIR, INCLUDEDIR and BINDIR lie below PREFIX.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
prefix=${PREFIX:-/usr/local}
libdir=${LIBDIR:-$prefix/lib}
includedir=${INCLUDEDIR:-$prefix/include}
bindir=${BINDIR:-$prefix/bin}
destdir=${DESTDIR:-}
built=${CARGO_TARGET_DIR:-$root/target}/${PROFILE:-release}

version=$(sed -n '/^\[workspace\.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$root/Cargo.toml")
major=${version%%.*}
minor=${version#*.}
minor=${minor%%.*}
# As rustc says with --print native-static-libs.
static_libs='-lgcc_s -lutil -lrt -lpthread -lm -ldl'

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

# The path from directory $1 to directory $2.
relative() {
    from=$1 up=
    while [ "${2#"$from"/}" = "$2" ] && [ "$2" != "$from" ]; do
        from=$(dirname -- "$from")
        up=../$up
    done
    rest=${2#"$from"}
    rest=${rest#/}
    echo "$up$rest"
}

# Fills in the template $1 and writes it to $2.
fill() {
    sed -e "s|@PREFIX@|$prefix|g" -e "s|@LIBDIR@|$libdir|g" -e "s|@INCLUDEDIR@|$includedir|g" -e "s|@VERSION@|$version|g" \
        -e "s|@MAJOR@|$major|g" -e "s|@MINOR@|$minor|g" -e "s|@STATIC_LIBS@|$static_libs|g" \
        -e "s|@STATIC_LIBS_CMAKE@|$(echo "$static_libs" | tr ' ' ';')|g" \
        -e "s|@INCLUDEDIR_FROM_LIBDIR@|$(relative "$libdir" "$includedir")|g" \
        -e "s|@BINDIR_FROM_LIBDIR@|$(relative "$libdir" "$bindir")|g" "$1" >"$2.new"
    chmod 644 "$2.new"
    mv "$2.new" "$2"
}

install_all() {
    for file in libevertoken_c.so libevertoken_c.a evertoken; do
        [ -f "$built/$file" ] || fail "$built/$file is not there; build first: cargo build --release -p evertoken-c -p evertoken-cli"
    done
    lib=$destdir$libdir
    mkdir -p "$lib/pkgconfig" "$lib/cmake/evertoken" "$destdir$includedir" "$destdir$bindir"
    # Written beside and moved into place, so that running programs keep the library they have mapped.
    put "$built/libevertoken_c.so" "$lib/libevertoken.so.$version" 755
    ln -sfn "libevertoken.so.$version" "$lib/libevertoken.so.$major"
    ln -sfn "libevertoken.so.$major" "$lib/libevertoken.so"
    put "$built/libevertoken_c.a" "$lib/libevertoken.a" 644
    for header in "$root"/include/evertoken*.h*; do
        put "$header" "$destdir$includedir/$(basename -- "$header")" 644
    done
    put "$built/evertoken" "$destdir$bindir/evertoken" 755
    for name in evertoken evertoken-static; do fill "$root/bindings-c/pkg/$name.pc.in" "$lib/pkgconfig/$name.pc"; done
    fill "$root/bindings-c/pkg/evertoken-config.cmake.in" "$lib/cmake/evertoken/evertoken-config.cmake"
    fill "$root/bindings-c/pkg/evertoken-config-version.cmake.in" "$lib/cmake/evertoken/evertoken-config-version.cmake"
}

# Copies $1 to $2 with mode $3.
put() {
    cp "$1" "$2.new"
    chmod "$3" "$2.new"
    mv "$2.new" "$2"
}

uninstall_all() {
    lib=$destdir$libdir
    rm -f "$lib/libevertoken.so" "$lib/libevertoken.so.$major" "$lib/libevertoken.so.$version" "$lib/libevertoken.a" \
        "$lib/pkgconfig/evertoken.pc" "$lib/pkgconfig/evertoken-static.pc" "$lib/cmake/evertoken/evertoken-config.cmake" \
        "$lib/cmake/evertoken/evertoken-config-version.cmake" "$destdir$bindir/evertoken"
    for header in "$root"/include/evertoken*.h*; do
        rm -f "$destdir$includedir/$(basename -- "$header")"
    done
    rmdir "$lib/cmake/evertoken" 2>/dev/null || true
}

case ${1:-install} in
install) install_all ;;
uninstall) uninstall_all ;;
*) fail "unknown argument $1: install or uninstall" ;;
esac
