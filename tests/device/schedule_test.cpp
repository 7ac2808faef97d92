#include "device/schedule.hpp"

#include <boost/test/unit_test.hpp>

#include "common/error.hpp"
#include "common/test_device.hpp"

using namespace mapnet;
using namespace mapnet::test;

namespace {

void step(Schedule& s, const char* name, std::vector<BufferId> reads,
          std::vector<BufferId> writes) {
  Step step;
  step.name = name;
  step.reads = std::move(reads);
  step.writes = std::move(writes);
  s.add(std::move(step));
}

}  // namespace

BOOST_AUTO_TEST_CASE(lifetimes_follow_from_the_steps) {
  Schedule s(test_device(1));
  const BufferId z = s.persistent_buffer("z", "trained", 4);
  const BufferId a = s.buffer("a", "activations", 8), b = s.buffer("b", "activations", 8);
  const BufferId map = s.buffer("map", "map", 8), theta = s.buffer("theta", "theta", 8);
  s.begin(Phase::setup);
  step(s, "build", {}, {map});  // 0
  s.begin(Phase::train);
  step(s, "expand", {z, map}, {theta});  // 1
  step(s, "first", {theta}, {a});        // 2
  step(s, "second", {a}, {b});           // 3
  step(s, "update", {b}, {z});           // 4
  s.begin(Phase::eval_begin);
  step(s, "expand", {z}, {theta});  // 5
  s.begin(Phase::eval);
  step(s, "use", {theta}, {});  // 6
  const auto lives = s.lifetimes();
  const auto is = [&](BufferId id, int first, int last) {
    const Lifetime& life = lives[static_cast<std::size_t>(id)];
    BOOST_TEST(life.first == first, life.name);
    BOOST_TEST(life.last == last, life.name);
  };
  is(z, 0, 6);
  is(a, 2, 3);
  is(b, 3, 4);
  is(map, 0, 6);    // made once, used by every step: lives on though evaluation does not read it
  is(theta, 1, 6);  // an evaluation reads it after the last training step and before the next
}

BOOST_AUTO_TEST_CASE(a_schedule_refuses_to_read_what_nothing_wrote) {
  Schedule s(test_device(1));
  const BufferId a = s.buffer("a", "activations", 8);
  BOOST_CHECK_EXCEPTION(step(s, "reader", {a}, {}), Error, [](const Error& e) {
    const std::string what = e.what();
    return what.find("reader") != std::string::npos && what.find("'a'") != std::string::npos;
  });
  s.begin(Phase::train);
  BOOST_CHECK_THROW(s.begin(Phase::setup), Error);
}
