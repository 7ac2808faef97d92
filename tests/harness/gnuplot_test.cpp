#include "harness/gnuplot.hpp"

#include <boost/test/unit_test.hpp>

#include "common/temporary.hpp"

/// Texts in pictures: they come from tables and reports that anybody may have written.
using namespace mapnet;
using namespace mapnet::test;

BOOST_AUTO_TEST_CASE(a_text_is_drawn_letter_by_letter_and_never_run) {
  if (!has_gnuplot()) {
    BOOST_TEST_MESSAGE("no gnuplot here: nothing is drawn");
    return;
  }
  const Folder folder;
  const std::string file = (folder.path / "run").string();
  const std::string begin = "`touch " + file + "` \"a_b^{c}\" ", end = " it's @x \\n";
  const std::string text = gnuplot_text(begin + "&" + end);
  for (const std::string& script :
       {"plot x title " + text + "\n", "set ylabel " + text + "\nplot x\n",
        "set xtics (" + text + " 1)\nplot x\n",
        "$data << EOD\n" + text + " 1\nother 2\nEOD\nplot $data using 2:xtic(1) with boxes\n"}) {
    const std::string svg = draw(script);
    BOOST_TEST(svg.find(">" + begin + "&amp;" + end + "<") != std::string::npos, script << svg);
    BOOST_TEST(!std::filesystem::exists(file), script);
  }
  BOOST_CHECK_NO_THROW(draw("set title " + gnuplot_text("one\ntwo") + "\nplot x\n"));
}
