#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "cli/program.hpp"
#include "common/file.hpp"
#include "common/temporary.hpp"

/// What is said of a flag, or of a --config file, that cannot be understood.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// One line, that of `said`, and exit code 2.
void check_refused(const std::string& arguments, const std::string& said) {
  const Outcome outcome = mapnet_with(arguments);
  BOOST_TEST_CONTEXT(arguments << "\n" << outcome.output) {
    BOOST_TEST(outcome.code == 2);
    BOOST_TEST(outcome.output.substr(0, 8 + said.size()) == "mapnet: " + said);
    BOOST_TEST(std::ranges::count(outcome.output, '\n') == 1);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(values_of_flags_are_refused_in_plain_words) {
  const std::pair<const char*, const char*> cases[] = {
      {"train --epochs 1 --epochs 2", "--epochs is given twice\n"},
      {"train --epochs 1 --epochs 2 --epochs 2", "--epochs is given 3 times\n"},
      {"train --latent abc", "--latent: expected a whole number, found 'abc'\n"},
      {"train --epochs 1.5", "--epochs: expected a whole number, found '1.5'\n"},
      {"train --latents 8,x", "--latents: expected whole numbers, found '8,x'\n"},
      {"train --lr fast", "--lr: expected a number, found 'fast'\n"},
      {"train --lambdas 1,a", "--lambdas: expected numbers, found '1,a'\n"},
      {"train --quiet=maybe", "--quiet: expected true or false, found 'maybe'\n"},
      {"eval --run", "--run: its value is missing\n"},
      {"train --finetune", "--finetune: its value is missing\n"},
      {"eval", "--run is required\n"},
      {"predict --run x", "images: give at least one JPEG or PNG"},
      {"data check", "NAME: give "},
  };
  for (const auto& [arguments, said] : cases) check_refused(arguments, said);
}

// CLI11 by itself reads the first as 8, the second as 16, and all beyond 2^64 as 2^64 - 1.
BOOST_AUTO_TEST_CASE(whole_numbers_are_decimal_and_fit_or_are_refused) {
  const std::pair<const char*, const char*> cases[] = {
      {"train --seed 010", "--seed: expected a whole number, found '010'\n"},
      {"train --latent 0x10", "--latent: expected a whole number, found '0x10'\n"},
      {"train --latents 1,010", "--latents: expected whole numbers, found '1,010'\n"},
      {"train --epochs -010", "--epochs: expected a whole number, found '-010'\n"},
      {"train --refresh 0200", "--refresh: expected a whole number, found '0200'\n"},
      {"train --seed 18446744073709551616",
       "--seed: expected a whole number of 0 to 18446744073709551615, found "
       "18446744073709551616\n"},
      {"train --refresh 9223372036854775808",
       "--refresh: expected a whole number of -9223372036854775808 to 9223372036854775807, found "
       "9223372036854775808\n"},
      {"train --epochs 99999999999",
       "--epochs: expected a whole number nearer to 0, found '99999999999'\n"},
      // Before what the option asks for itself.
      {"train --snapshot-every 010", "--snapshot-every: expected a whole number, found '010'\n"},
      {"sweep x --jobs 0777", "--jobs: expected a whole number, found '0777'\n"},
  };
  for (const auto& [arguments, said] : cases) check_refused(arguments, said);
  const Folder folder;
  const std::string file = folder.write("c.toml", "seed = '010'\n");
  check_refused("plan --config " + file, file + ":1: seed = \"010\"; expected a whole number\n");
  // What is right stays so: the largest seed, a plus, spaces behind commas.
  const std::string plan = "plan --data noise-1x28x28x10 --seed 18446744073709551615 ";
  check_outcome(plan + "--latent +8 --json", 0, {"\"trainable_params\": 8"});
  check_outcome(plan + "--strategy lwt --latents '8, 16, 10, 30' --json", 0,
                {"\"trainable_params\": 64"});
}

BOOST_AUTO_TEST_CASE(values_of_a_file_are_refused_with_their_line) {
  const Folder folder;
  const std::string file = (folder.path / "c.toml").string();
  const std::pair<const char*, const char*> cases[] = {
      // Of another kind.
      {"batch = 8\nepochs = \"three\"\n", ":2: epochs = \"three\"; expected a whole number\n"},
      {"epochs = 1.5\n", ":1: epochs = 1.5; expected a whole number\n"},
      {"epochs = [1, 2]\n", ":1: epochs = [1, 2]; expected one value\n"},
      {"latents = [8, 'x']\n", ":1: latents = [8, \"x\"]; expected whole numbers\n"},
      {"augment-flip = 'maybe'\n", ":1: augment-flip = \"maybe\"; expected true or false\n"},
      {"\nseed = -1\n", ":2: seed: expected a whole number of 0 or more, found -1\n"},
      // Out of range, which is found out later.
      {"epochs = -1\n", ":1: epochs is -1; expected 0 to 1000000\n"},
      {"batch = 8\nema = 1.0\n", ":2: ema "},
      {"batch = 8\nlatent = 0\n", ":2: cnn2: 0 latents; expected 1 to 108618"},
      {"strategy = 'direct'\nrefresh = 200\n", ":2: refresh "},
      // Unknown names.
      {"batch = 8\nnet = 'cnn9'\n", ":2: unknown network 'cnn9'; known: cnn1, cnn2"},
      {"net = 'lstm-0x8'\n", ":1: network lstm-0x8: expected 1 to 64 layers"},
      {"data = 'imagenet'\n", ":1: unknown dataset 'imagenet'"},
      {"data = 'noise-3x8'\n", ":1: noise-3x8: expected "},
      {"map = 'dence'\n", ":1: unknown map 'dence'"},
      {"map = 'dense'\nmap-storage = 'disc'\n", ":2: unknown map storage 'disc'"},
      {"map = 'gradient'\nmap-data = 'imagenet'\n", ":2: map-data imagenet"},
      {"net = 'lstm'\ndata = 'beijing-pm25'\nmissing = 'linear'\n", ":3: missing values: "},
      {"epochs = 1\nlatnet = 5\n", ":2: unknown key 'latnet'; did you mean latent?\n"},
      {"nothing-like-it = 5\n", ":1: unknown key 'nothing-like-it'\n"},
      {"config = 'other.toml'\n", ":1: config: a file names no other file\n"},
      {"help = true\n", ":1: unknown key 'help'\n"},
  };
  for (const auto& [text, said] : cases) {
    write_file_atomic(file, text);
    BOOST_TEST_CONTEXT(text) check_refused("train --config " + file, file + said);
    BOOST_TEST_CONTEXT(text) check_refused("plan --config " + file, file + said);
  }
  // What the command line says is not the file's.
  write_file_atomic(file, "epochs = 3\n");
  check_refused("plan --epochs -1 --config " + file, "--epochs is -1; expected 0 to 1000000\n");
  check_refused("plan --batch 0 --config " + file, "--batch is 0; ");
  // Even where the file has the same for something else.
  write_file_atomic(file, "base = 'zero'\n");
  check_refused("plan --activation zero --config " + file, "unknown activation 'zero'");
  write_file_atomic(file, "hidden = 4096\n");
  check_refused("plan --net lstm-0x8 --config " + file, "network lstm-0x8: expected 1 to 64");
}

// One file is for all of them.
BOOST_AUTO_TEST_CASE(what_is_for_training_alone_is_passed_over_by_plan_and_bench) {
  const Folder folder;
  const std::string file =
      folder.write("d.toml",
                   "epochs = 1\nlatent = 16\nbatch = 64\nout = 'runs/d'\noverwrite = true\n"
                   "quiet = true\ncheckpoint-every = 'never'\nsnapshot-every = 5\n"
                   "require-accuracy = 0.5\n");
  check_outcome("plan --config " + file, 0, {"lower bound"});
  check_outcome("bench --data noise-1x28x28x10 --steps 1 --warm-up 0 --config " + file, 0,
                {"whole step"});
  // What they have no flag for either is refused all the same.
  const std::string typo = folder.write("typo.toml", "steps = 3\n");
  check_refused("plan --config " + typo, typo + ":1: unknown key 'steps'");
  const std::string own = folder.write("own.toml", "svg = 'plan.svg'\n");
  check_refused("train --config " + own, own + ":1: unknown key 'svg'");
}
