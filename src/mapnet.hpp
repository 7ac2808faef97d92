#pragma once

/// @mainpage mapnet
/// Trains Mapping Networks (a latent vector and a fixed orthonormal map instead of a network's
/// weights) and ordinary networks with one trainer. A program includes `<mapnet/mapnet.hpp>` and
/// links `mapnet::mapnet` (find_package(mapnet)); examples/library is one.
///
/// - mapnet::open_dataset opens a data set, mapnet::describe_dataset says what one is;
/// - mapnet::target_network builds the network to train, mapnet::make_network one of your own;
/// - mapnet::resolve turns a mapnet::RunConfig (the flags of `mapnet train`) into a recipe;
/// - mapnet::train_run trains and writes a run's folder; mapnet::Session is the training itself;
/// - mapnet::open_model reads a trained model, mapnet::evaluate_model and mapnet::expand_weights
///   use it.
///
/// Whatever fails throws mapnet::Error; mapnet::UsageError where the request itself was wrong. A
/// function may be called from any thread, an object from one at a time.
///
/// @file
/// All that is meant to be used from outside. What these headers include is installed too, but may
/// change with any version.

#include "common/error.hpp"
#include "data/dataset.hpp"
#include "data/safetensors.hpp"
#include "data/safetensors_reader.hpp"
#include "nets/network.hpp"
#include "train/build_info.hpp"
#include "train/model.hpp"
#include "train/recipe.hpp"
#include "train/session.hpp"
#include "train/target_network.hpp"
#include "train/train_run.hpp"
