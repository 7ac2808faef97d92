#include "cli/tested_program.hpp"

const char* const mapnet::test::kTestedProgram = MAPNET_PROGRAM;
