# A thin door to the CMake presets: everything here is one or two commands you could type yourself.
#
#   JOBS=n                   parallel compile jobs (default: all processors)
#   CMAKE_ARGS=...           extra arguments for configuring, e.g. -DMAPNET_BENCH=OFF
#   PREFIX=...               where `make install` puts it (default: /usr/local)
#   MAPNET_OBJECT_STORES=... folders with data objects by hash, ':' between them: nothing is downloaded
#                            that they hold (default: none, also where a build before had some)
JOBS ?= $(shell nproc)
CMAKE_ARGS ?=
PREFIX ?= /usr/local
DEMO ?= build/release/mapnet train --net cnn2 --data fashion-mnist --strategy slvt --latent 2048 \
       --map hadamard --epochs 5 --overwrite --out runs/demo

configure = { scripts/require-cmake && cmake --preset $(1) -DMAPNET_OBJECT_STORES='$(MAPNET_OBJECT_STORES)' $(CMAKE_ARGS); }
# Whether a build folder is configured, and with these object stores.
is_configured = grep -Fqsx 'MAPNET_OBJECT_STORES:STRING=$(MAPNET_OBJECT_STORES)' build/$(1)/CMakeCache.txt
compile = cmake --build --preset $(1) --parallel $(JOBS)

.DEFAULT_GOAL := help
# What is passed to the harness: REPRODUCE='--jobs 2 --seeds 1 --rows cnn2-*'
REPRODUCE ?=

.PHONY: reproduce study-maps reproduce-quick help deps build debug asan tsan emulated cuda install package docs test demo data data-mnist data-fashion-mnist format clean
.NOTPARALLEL:  # the order of prerequisites is the order of work; the parallel work is CMake's

help: ## list these targets
	@sed -n 's/^\([a-z][a-z -]*\):[^#]*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 32

deps: ## install missing Debian packages (root or sudo; nothing to do is quick)
	@scripts/install-deps

build: ## build the release preset into build/release
	$(call configure,release)
	$(call compile,release)

debug asan tsan emulated cuda: ## build that preset into build/<preset>
	$(call configure,$@)
	$(call compile,$@)

install: ## install the release build into PREFIX (/usr/local), as root or where you may write
	@test -x build/release/mapnet || $(MAKE) build
	cmake --install build/release --prefix '$(patsubst ~/%,$(HOME)/%,$(PREFIX))'

package: ## Debian packages of the release build: build/release/*.deb
	@test -x build/release/mapnet || $(MAKE) build
	cd build/release && cpack

docs: ## the library's documentation in build/docs/html; warnings are errors
	@mkdir -p build/docs
	doxygen docs/Doxyfile

data-mnist data-fashion-mnist: ## fetch one dataset into the object cache, hashes verified
	@$(call is_configured,release) || $(call configure,release)
	cmake --build --preset release --target $@

data: data-mnist data-fashion-mnist ## fetch MNIST and FashionMNIST, which alone have a public source

demo: deps build data-fashion-mnist ## install, build, fetch FashionMNIST, train a mapped CNN2
	$(DEMO)

test: deps build data-fashion-mnist ## install, build, fetch FashionMNIST, run every test
	ctest --preset release

# Rows on data that no mirror gives are reported as without data.
fetch_open_data = @build/release/mapnet data fetch mnist || true

reproduce: deps build data-fashion-mnist ## train every table of the paper and judge every row (hours)
	$(fetch_open_data)
	build/release/mapnet reproduce $(REPRODUCE)

reproduce-table%: deps build data-fashion-mnist  # one table: make reproduce-table1
	$(fetch_open_data)
	build/release/mapnet reproduce --table $* $(REPRODUCE)

reproduce-figure%: deps build  # one figure: make reproduce-figure2
	$(fetch_open_data)
	build/release/mapnet reproduce --figure $* $(REPRODUCE)

study-maps: deps build data-fashion-mnist ## train maps that know the problem, beyond the paper (many hours)
	$(fetch_open_data)
	build/release/mapnet reproduce --tables harness/study --out reports/study $(REPRODUCE)

reproduce-quick: deps build data-fashion-mnist ## a few epochs of chosen rows, held to references (minutes)
	$(fetch_open_data)
	build/release/mapnet reproduce --quick $(REPRODUCE)

format: ## format the C++ sources in place
	git ls-files '*.cpp' '*.hpp' '*.cu' | xargs clang-format -i

clean: ## remove everything that was built (not runs/, not fetched data)
	rm -rf build
