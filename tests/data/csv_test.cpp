#include "data/csv.hpp"

#include <boost/test/unit_test.hpp>

#include "common/temporary.hpp"

using namespace mapnet;
using namespace mapnet::test;

BOOST_AUTO_TEST_SUITE(csv)

BOOST_FIXTURE_TEST_CASE(fields_are_found_by_name_whatever_the_line_ends, Folder) {
  const std::string rows[] = {"a,\"b c\",d\n1,-2.5,x\n,\"x,y\",z\n",
                              "\xef\xbb\xbf\"a\",b c,d\r\n1,-2.5,x\r\n,\"x,y\",z",
                              "a,b c,d\n1,-2.5,\"x\"\n,\"x,y\",z\n\n\n"};
  for (const std::string& text : rows) {
    CsvTable table(write("t.csv", text));
    const std::size_t a = table.column("a"), b = table.column("b c"), d = table.column("d");
    BOOST_REQUIRE(table.next());
    BOOST_TEST(table.line() == 2u);
    BOOST_TEST(table.integer(a) == 1);
    BOOST_TEST(table.number(b) == -2.5);
    BOOST_TEST(table.text(d) == "x");
    BOOST_REQUIRE(table.next());
    BOOST_TEST(table.text(a) == "");
    BOOST_TEST(table.text(b) == "x,y");
    BOOST_TEST(table.text(d) == "z");
    BOOST_TEST(!table.next());
  }
}

BOOST_FIXTURE_TEST_CASE(an_empty_last_field_is_a_field, Folder) {
  CsvTable table(write("t.csv", "a,b\n1,\n"));
  BOOST_REQUIRE(table.next());
  BOOST_TEST(table.text(1) == "");
}

BOOST_FIXTURE_TEST_CASE(errors_name_file_line_and_column, Folder) {
  const auto file = write("t.csv", "a,b\n1,2\n3,4x\nnan,1e999\n5\n\"6,7\n");
  CsvTable table(file);
  check_fails([&] { table.column("c"); }, {file.string() + ":1", "column 'c'", "found a, b"});
  table.next(), table.next();
  BOOST_TEST(table.integer(0) == 3);
  check_fails([&] { table.number(1); }, {file.string() + ":3: column b", "a number", "'4x'"});
  check_fails([&] { table.integer(1); }, {file.string() + ":3: column b", "whole", "'4x'"});
  table.next();
  check_fails([&] { table.number(0); }, {":4: column a", "a number", "'nan'"});
  check_fails([&] { table.number(1); }, {":4: column b", "a number", "'1e999'"});
  check_fails([&] { table.next(); }, {file.string() + ":5", "expected 2 fields", "found 1"});
  check_fails([&] { table.next(); }, {file.string() + ":6", "expected a quote", "field 1"});
}

// As a float it would be infinite.
BOOST_FIXTURE_TEST_CASE(a_number_that_no_float_holds_is_refused, Folder) {
  CsvTable table(write("t.csv", "a,b\n1e30,-1e300\n"));
  BOOST_REQUIRE(table.next());
  BOOST_TEST(table.number(0) == 1e30);
  check_fails([&] { table.number(1); }, {":2: column b", "no larger than 1e30", "'-1e300'"});
}

BOOST_FIXTURE_TEST_CASE(an_empty_file_has_no_header, Folder) {
  const auto file = write("t.csv", "\r\n");
  check_fails([&] { CsvTable table(file); }, {file.string(), "header", "empty"});
  check_fails([&] { CsvTable table(path / "absent.csv"); }, {"absent.csv", "cannot open"});
}

BOOST_AUTO_TEST_SUITE_END()
