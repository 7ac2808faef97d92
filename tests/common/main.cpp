#define BOOST_TEST_MODULE mapnet
#include <boost/test/unit_test.hpp>
