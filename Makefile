# The commands of the house, each a few lines; the build itself is CMake's.
.PHONY: all build run test bench format tidy clean
.NOTPARALLEL:

RELEASE := build/release

all: build

build: packages-build
	cmake --preset release
	cmake --build --preset release

run: packages-build
	cmake --preset release
	cmake --build --preset release --target waypost
	@mkdir -p var/Maildir var/spool
	@printf '%s\n' '' \
	    'waypost listens on 127.0.0.1:2525. Send it the first mail from another terminal, and read it:' '' \
	    "    python3 -c 'import smtplib; smtplib.SMTP(\"127.0.0.1\", 2525).sendmail(" \
	    "        \"you@example.org\", \"anyone@example.org\", \"Subject: hello\n\nIt works.\")'" \
	    '    cat var/Maildir/new/*' '' \
	    'Ctrl-C ends it.' ''
	@WAYPOST_SOCKET='$(CURDIR)/var/smtp.sock' exec $(RELEASE)/waypost serve -f config/try.conf -D user=$$(id -un) \
	    -D queue='"$(CURDIR)/var/spool"' -D maildir='"$(CURDIR)/var/Maildir"'

test: packages-build packages-test packages-peers
	cmake --preset release
	cmake --build --preset release
	ctest --preset release

bench: packages-bench build
	bench/run

format: packages-tidy
	git ls-files '*.cpp' '*.hpp' | xargs -r clang-format-19 -i

tidy: packages-tidy build
	git ls-files 'src/*.cpp' | xargs -r -P $$(nproc) -n 4 clang-tidy-19 --quiet -p $(RELEASE)

clean:
	rm -rf build

packages-%:
	@scripts/install-packages $*
