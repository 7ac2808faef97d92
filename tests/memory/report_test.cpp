#include "memory/report.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "common/bytes.hpp"
#include "memory/lifetimes.hpp"

using namespace mapnet;

namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

Plan training_plan() { return plan_arena(test::RandomLifetimes(6).training_step(12)); }

// Every tag closed in order. Enough of XML for what plan_svg writes: no comments, no '>' in values.
void check_balanced(const std::string& svg) {
  std::vector<std::string> open;
  for (std::size_t at = svg.find('<'); at != std::string::npos; at = svg.find('<', at + 1)) {
    const std::size_t end = svg.find('>', at);
    BOOST_REQUIRE(end != std::string::npos);
    const std::string tag = svg.substr(at + 1, end - at - 1);
    if (tag[0] == '?' || tag.back() == '/') continue;
    if (tag[0] != '/') {
      open.push_back(tag.substr(0, tag.find(' ')));
      continue;
    }
    BOOST_REQUIRE(!open.empty());
    BOOST_REQUIRE_EQUAL(open.back(), tag.substr(1));
    open.pop_back();
  }
  BOOST_TEST(open.empty());
}

}  // namespace

// Two steps of a pair in one group, whose peak is less than its sum.
BOOST_AUTO_TEST_CASE(the_table_reads_as_drawn_up_by_hand) {
  const Plan plan = plan_arena({{"late", "work", 2048, 64, 1, 1},
                                {"early", "work", 1024, 64, 0, 0},
                                {"images", "data", 4096, 64, 0, 1}});
  BOOST_TEST(plan_table(plan) ==
             "buffer  group         size          offset  first   last\n"
             "images  data      4.00 KiB               0      0      1\n"
             "early   work      1.00 KiB            4096      0      0\n"
             "late    work      2.00 KiB            4096      1      1\n"
             "\n"
             "group   buffers         sum   peak live\n"
             "work          2    3.00 KiB    2.00 KiB\n"
             "data          1    4.00 KiB    4.00 KiB\n"
             "\n"
             "total          6.00 KiB  (6144 bytes)\n"
             "lower bound    6.00 KiB  (6144 bytes)\n"
             "ratio            1.0000\n"
             "check        planned 6144 = placed 6144 bytes\n");
}

BOOST_AUTO_TEST_CASE(a_plan_that_was_tampered_with_shows_in_the_check_line) {
  Plan plan = training_plan();
  plan.total += 64;
  BOOST_TEST(holds(plan_table(plan), "!= placed"));
}

BOOST_AUTO_TEST_CASE(an_empty_plan_has_no_strange_numbers) {
  for (const Plan& plan : {plan_arena({}), plan_arena({{"empty", "group", 0, 64, 0, 0}})}) {
    for (const std::string& text : {plan_table(plan), plan_json(plan), plan_svg(plan)}) {
      BOOST_TEST(!holds(text, "nan"));
      BOOST_TEST(!holds(text, "inf"));
      BOOST_TEST(!holds(text, "null"));
    }
    BOOST_TEST(holds(plan_table(plan), "1.0000"));
    check_balanced(plan_svg(plan));
  }
}

BOOST_AUTO_TEST_CASE(json_and_table_agree_with_the_plan) {
  const Plan plan = training_plan();
  const auto json = nlohmann::json::parse(plan_json(plan));
  BOOST_TEST(json["total_bytes"] == plan.total);
  BOOST_TEST(json["placed_bytes"] == plan.total);
  BOOST_TEST(json["lower_bound_bytes"] == plan.lower_bound);
  BOOST_TEST(json["buffers"].size() == plan.buffers.size());

  std::map<std::string, std::size_t> sums;
  std::pair<int, std::size_t> before{-1, 0};
  for (const auto& b : json["buffers"]) {
    sums[b["group"]] += b["bytes"].get<std::size_t>();
    const std::pair<int, std::size_t> key{b["first"], b["offset"]};
    BOOST_TEST((before <= key));  // by first use, then by offset
    before = key;
  }
  const std::string table = plan_table(plan);
  BOOST_TEST(sums.size() == json["groups"].size());
  for (const auto& [group, sum] : sums) {
    BOOST_TEST(json["groups"][group]["bytes"] == sum);
    BOOST_TEST(json["groups"][group]["peak_bytes"].get<std::size_t>() <= sum);
    BOOST_TEST(holds(table, format_bytes(sum)));
  }
  BOOST_TEST(holds(table, "(" + std::to_string(plan.total) + " bytes)"));
  for (const Lifetime& b : plan.buffers) BOOST_TEST(holds(table, b.name));
}

BOOST_AUTO_TEST_CASE(the_picture_is_well_formed_and_names_every_buffer_and_step) {
  for (const Plan& plan : {training_plan(), plan_arena_without_reuse(training_plan().buffers)}) {
    std::vector<std::string> steps;
    for (int i = 0; i < 26; ++i) steps.push_back("step<" + std::to_string(i) + ">");
    const std::string svg = plan_svg(plan, steps);
    check_balanced(svg);
    for (const Lifetime& b : plan.buffers) BOOST_TEST(holds(svg, "<title>" + b.name + " ["));
    for (int i = 0; i < 26; ++i) BOOST_TEST(holds(svg, "step&lt;" + std::to_string(i) + "&gt;"));
    BOOST_TEST(holds(svg, "stroke-dasharray"));  // the lower bound
    BOOST_TEST(count(svg, "NaN") + count(svg, "=\"nan") + count(svg, "=\"inf") == 0u);
  }
}

BOOST_AUTO_TEST_CASE(names_with_markup_are_escaped) {
  const Plan plan =
      plan_arena({{"a<b>&\"c\"'\x01", "g&", 64, 64, 0, 0}, {"b", "g&", 64, 64, 1, 1}});
  const std::string svg = plan_svg(plan);
  BOOST_TEST(holds(svg, "a&lt;b&gt;&amp;&quot;c&quot;&apos;?"));
  check_balanced(svg);
  BOOST_TEST(nlohmann::json::parse(plan_json(plan))["buffers"][0]["group"] == "g&");
}

BOOST_AUTO_TEST_CASE(a_name_that_is_not_utf8_costs_no_report) {
  const Plan plan = plan_arena({{"a\xff", "g", 64, 64, 0, 0}});
  BOOST_TEST(nlohmann::json::parse(plan_json(plan))["buffers"].size() == 1u);
}
