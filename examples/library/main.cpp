#include <cstdio>
#include <mapnet/mapnet.hpp>

/// example [DATASET [FOLDER]]: an epoch on FashionMNIST, or another data set of images.
int main(int argc, char** argv) {
  mapnet::RunConfig config;  // as `mapnet train` without flags: cnn2, 2048 latents
  if (argc > 1) config.data = argv[1];
  config.epochs = 1;
  const mapnet::Dataset data =
      mapnet::open_dataset(config.data, {.folder = argc > 2 ? argv[2] : ""});
  const mapnet::Network net =
      mapnet::target_network(config, {data.channels, data.height, data.width, data.classes});
  mapnet::train_run(mapnet::resolve(config, net), net, data, {.folder = "run", .overwrite = true});
  const mapnet::Metrics test =
      mapnet::evaluate_model(mapnet::open_model("run"), data, mapnet::Split::test);
  std::printf("test accuracy %.2f%% of %zu samples\n", 100 * test.accuracy, test.samples);
}
