#pragma once

#include "data/dataset.hpp"
#include "train/latent_file.hpp"
#include "train/run_result.hpp"

/// What there is to say of a training that has done its last step.
namespace mapnet {

/// Evaluates all splits and takes the counts and bytes: what of the result does not depend on how
/// the run went. Of several ranks all are to call it.
void measure(RunResult& result, Session& session, const Recipe& recipe, const Network& net);

/// The model, as it is stored.
LatentFile describe_model(const Recipe& recipe, const Network& net, const Dataset& dataset,
                          const Session& session);

}  // namespace mapnet
