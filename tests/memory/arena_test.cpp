#include "memory/arena.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <limits>
#include <utility>

#include "common/error.hpp"

using namespace mapnet;

BOOST_AUTO_TEST_CASE(an_arena_is_zero_and_page_aligned) {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{4096}, std::size_t{5'000'000}}) {
    const Arena arena(bytes);
    BOOST_TEST(arena.size() == bytes);
    BOOST_TEST(reinterpret_cast<std::uintptr_t>(arena.data()) %
                   static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE)) ==
               0u);
    BOOST_TEST(std::all_of(arena.data(), arena.data() + bytes,
                           [](std::byte b) { return b == std::byte{0}; }));
    std::fill_n(arena.data(), bytes, std::byte{0xff});  // the last byte is ours to write
  }
}

BOOST_AUTO_TEST_CASE(moving_an_arena_keeps_its_memory_and_allocates_nothing) {
  Arena first(1 << 16);
  std::byte* const memory = first.data();
  memory[77] = std::byte{7};
  const std::size_t before = Arena::allocations();
  const Arena second = std::move(first);
  BOOST_TEST(second.data() == memory);
  BOOST_TEST((second.data()[77] == std::byte{7}));
  BOOST_TEST(second.size() == 1u << 16);
  BOOST_TEST(Arena::allocations() == before);
}

BOOST_AUTO_TEST_CASE(allocations_are_counted) {
  const std::size_t before = Arena::allocations();
  { const Arena one(100), two(100); }
  BOOST_TEST(Arena::allocations() == before + 2);
  const Arena none(0);  // asks the system for nothing
  BOOST_TEST(none.data() == nullptr);
  BOOST_TEST(Arena::allocations() == before + 2);
}

BOOST_AUTO_TEST_CASE(more_than_the_system_has_is_an_error_with_the_bytes) {
  const std::size_t before = Arena::allocations();
  const std::size_t absurd = std::numeric_limits<std::size_t>::max() / 4;
  BOOST_CHECK_EXCEPTION(Arena{absurd}, Error, [&](const Error& e) {
    return std::string(e.what()).find(std::to_string(absurd)) != std::string::npos;
  });
  BOOST_TEST(Arena::allocations() == before);
}
