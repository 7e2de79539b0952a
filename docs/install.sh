#!/bin/sh
# Installs the newest release of tconnectsync-heroku: finds the archive for this machine, checks its sum, copies the program.
#   curl -fsSL https://github.com/tconnectsync-heroku/tconnectsync-heroku/releases/latest/download/install.sh | sh
# INSTALL_DIR says where to (default: ~/.local/bin, as root /usr/local/bin), VERSION which release (default: the newest).
set -eu

repository=https://github.com/tconnectsync-heroku/tconnectsync-heroku
name=tconnectsync-heroku

fail() {
    echo "install.sh: $1" >&2
    exit 1
}

# The release's name of the machine. An armv6 Raspberry Pi (Zero, 1) has no binary.
target() {
    case $(uname -s):$(uname -m) in
        Linux:x86_64 | Linux:amd64) echo x86_64-unknown-linux-musl ;;
        Linux:aarch64 | Linux:arm64)
            # A 64-bit kernel may run a 32-bit system, as some Raspberry Pi OS do.
            if [ "$(getconf LONG_BIT 2>/dev/null || echo 64)" = 32 ]; then
                echo armv7-unknown-linux-musleabihf
            else
                echo aarch64-unknown-linux-musl
            fi ;;
        Linux:armv7* | Linux:armv8*) echo armv7-unknown-linux-musleabihf ;;
        Darwin:x86_64) echo x86_64-apple-darwin ;;
        Darwin:arm64) echo aarch64-apple-darwin ;;
        *) fail "there is no release for $(uname -s) on $(uname -m). Build it: cargo install --locked --git $repository" ;;
    esac
}

download() {
    if command -v curl >/dev/null; then
        curl -fsSL --retry 3 -o "$2" "$1"
    elif command -v wget >/dev/null; then
        wget -q -O "$2" "$1"
    else
        fail "curl or wget is needed"
    fi || fail "$1 could not be downloaded"
}

sum() {
    if command -v sha256sum >/dev/null; then
        sha256sum "$1"
    elif command -v shasum >/dev/null; then
        shasum -a 256 "$1"
    else
        fail "sha256sum or shasum is needed to check the download"
    fi | cut -d ' ' -f 1
}

main() {
    target=$(target)
    archive=$name-$target.tar.gz
    if [ -n "${VERSION:-}" ]; then
        from=$repository/releases/download/v${VERSION#v}
    else
        from=$repository/releases/latest/download
    fi
    # For tests and mirrors.
    from=${INSTALL_FROM:-$from}
    if [ -n "${INSTALL_DIR:-}" ]; then
        to=$INSTALL_DIR
    elif [ "$(id -u)" = 0 ]; then
        to=/usr/local/bin
    else
        to=$HOME/.local/bin
    fi

    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    download "$from/$archive" "$work/$archive"
    download "$from/SHA256SUMS" "$work/SHA256SUMS"
    # sha256sum marks a binary file by a * before its name.
    wanted=$(awk -v name="$archive" '$2 == name || $2 == "*" name { print $1 }' "$work/SHA256SUMS")
    [ -n "$wanted" ] || fail "SHA256SUMS does not name $archive"
    [ "$(sum "$work/$archive")" = "$wanted" ] || fail "$archive is damaged: its SHA-256 sum is not the release's. Try again"

    tar -xzf "$work/$archive" -C "$work"
    mkdir -p "$to"
    # Moved into place in one step: a run of the old version may be under way.
    cp "$work/$name-$target/$name" "$to/.$name.new"
    chmod 755 "$to/.$name.new"
    mv "$to/.$name.new" "$to/$name"
    echo "Installed $("$to/$name" --version) as $to/$name"
    case :$PATH: in
        *:"$to":*) ;;
        *) echo "$to is not in PATH. Add it: export PATH=\"$to:\$PATH\"" ;;
    esac
}

# In a function, so that a download which breaks off runs nothing.
main
