#include <boost/test/unit_test.hpp>

#include "cli/process.hpp"
#include "common/file.hpp"
#include "common/temporary.hpp"
#include "train/run_folder.hpp"

/// What is left of a reproduction that was killed.
using namespace mapnet;
using namespace mapnet::test;

// It saves itself and lets go of its folder.
BOOST_AUTO_TEST_CASE(a_training_ends_with_the_reproduction_that_was_killed) {
  const Folder folder;
  const std::string at = folder.path.string();
  write_file_atomic(folder.path / "tables" / "long.toml",
                    "id = \"long\"\ntitle = \"Long\"\nrecipes = \"None.\"\n"
                    "metrics = [\"accuracy\"]\nseeds = [1]\n"
                    "settings = { net = \"cnn2\", batch = 16, epochs = 100000 }\n"
                    "[[rows]]\nname = \"mapped\"\nmethod = \"Ours*\"\nparams = \"256\"\n"
                    "trainable = 256\nsettings.latent = 256\n[rows.data.noise-1x28x28x10]\n");
  const RunFolder run{folder.path / "runs/long/mapped/noise-1x28x28x10/seed1"};
  Process process({"reproduce", "--tables", at + "/tables", "--runs", at + "/runs", "--out",
                   at + "/reports", "--device", "cpu", "--threads", "1"},
                  folder.path / "output");
  while (!process.over() && !std::filesystem::exists(run.metrics())) ::usleep(1000);
  process.signal(SIGKILL);
  process.wait();
  BOOST_CHECK_NO_THROW(FolderClaim(run.path));  // waits for it
  BOOST_TEST(run.interrupted());
}
