#include "reference/pixel_cross_entropy.hpp"

#include <boost/test/unit_test.hpp>

#include "reference/cross_entropy.hpp"
#include "reference/finite_difference.hpp"

using namespace mapnet::reference;

BOOST_AUTO_TEST_CASE(pixel_cross_entropy_gradient) {
  const std::size_t classes = 3, area = 5, images = 3;
  const std::vector<std::uint8_t> labels = {0, 1, 2, 2, 255, 1, 1, 0, 9, 2, 0, 0, 1, 2, 1};
  const Vector logits = uniform(images * classes * area, 1, -3, 3);
  for (const std::size_t count : {std::size_t{3}, std::size_t{2}})
    for (const int ignore : {-1, 1, 255}) {
      const auto f = [&](View v) {
        const auto found = pixel_cross_entropy(v, labels, classes, area, count, ignore);
        return found.loss / static_cast<double>(found.scored);
      };
      const auto found = pixel_cross_entropy(logits, labels, classes, area, count, ignore);
      BOOST_TEST(gradient_error(f, logits, found.dlogits) < gradient_tolerance);
    }
}

BOOST_AUTO_TEST_CASE(images_of_one_pixel_are_rows_of_a_cross_entropy) {
  const std::vector<std::uint8_t> labels = {3, 0, 4, 1};
  const Vector logits = uniform(4 * 5, 13, -3, 3);
  const auto rows = cross_entropy(logits, labels, 5, 3);
  const auto pixels = pixel_cross_entropy(logits, labels, 5, 1, 3, -1);
  BOOST_TEST(std::abs(pixels.loss / 3 - rows.loss) < 1e-14);
  BOOST_TEST(pixels.scored == 3u);
  BOOST_TEST(pixels.correct == rows.correct);
  for (std::size_t i = 0; i < logits.size(); ++i)
    BOOST_TEST(std::abs(pixels.dlogits[i] - rows.dlogits[i]) < 1e-15);
}

BOOST_AUTO_TEST_CASE(a_confusion_matrix_counts_labels_by_predictions) {
  // Two classes, four pixels: predictions 0, 1, 1, 0 (the first of equals).
  const Vector logits = {2, 0, 0, 1, 1, 1, 3, 1};
  const std::vector<std::uint8_t> labels = {0, 0, 1, 1};
  const auto found = pixel_cross_entropy(logits, labels, 2, 4, 1, -1);
  BOOST_TEST((found.confusion == std::vector<std::uint64_t>{1, 1, 1, 1}));
  BOOST_TEST(found.correct == 2u);
  const auto without = pixel_cross_entropy(logits, labels, 2, 4, 1, 0);
  BOOST_TEST((without.confusion == std::vector<std::uint64_t>{0, 0, 1, 1}));
  BOOST_TEST(without.scored == 2u);
}
