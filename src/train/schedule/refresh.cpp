#include "common/error.hpp"
#include "device/ops/map_refresh.hpp"
#include "train/schedule/builder.hpp"

namespace mapnet {

void ScheduleBuilder::keep_history(const SampleCounts& counts) {
  const std::int64_t refreshes = recipe.refresh.count(training_steps(recipe, counts));
  const std::size_t rounds = recipe.init.refreshes + static_cast<std::size_t>(refreshes) + 1;
  if (rounds > kMaxRounds)
    fail<UsageError>("--refresh {} makes {} refreshes; expected less than {}", recipe.refresh.every,
                     refreshes, kMaxRounds);
  if (rounds > 1 && rounds * run.n_values <= run.n_theta)
    run.history =
        persistent("latent.history", "trained", (rounds - 1) * run.n_values * sizeof(float));
}

void ScheduleBuilder::refresh() {
  schedule().begin(Phase::refresh);
  generator.forward(run.value, run.theta, false);
  map_restart(schedule(), generator.map(), generator.map_state(),
              {run.theta, run.value, run.adam_m, run.adam_v, run.history});
  map_redraw(schedule(), generator.map(), generator.map_state());
}

}  // namespace mapnet
