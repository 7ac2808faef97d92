#pragma once

namespace mapnet {

struct RunConfig;

/// Throws UsageError for the first flag of a mapping that was given, where `why` there is none to
/// be described: "--map WHY".
void refuse_mapping_flags(const RunConfig& config, const char* why);

}  // namespace mapnet
