#include "harness/table.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "harness/data_presence.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

Reference read_reference(TomlReader reader) {
  Reference r;
  r.mean = reader.require<double>("mean");
  r.tolerance = reader.require<double>("tolerance");
  r.seeds = static_cast<int>(reader.require<std::int64_t>("seeds"));
  r.device = reader.require<std::string>("device");
  const auto date = reader.require<toml::date>("date");
  r.date = fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
  r.commit = reader.require<std::string>("commit");
  reader.finish();
  if (r.tolerance < 0)
    fail<UsageError>("{}: {}: a tolerance is 0 or more", reader.place(), reader.at());
  return r;
}

/// What folders and files are called by: it leads nowhere else.
std::string name_of_files(TomlReader& reader, const std::string& key) {
  const std::string name = reader.require<std::string>(key);
  constexpr const char* kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789-.";
  if (name.empty() || name.front() == '.' || name.find_first_not_of(kAllowed) != std::string::npos)
    fail<UsageError>("{}: {}: '{}': '{}' is made of a-z, 0-9, '-' and, but at its beginning, '.'",
                     reader.place(), reader.at(), name, key);
  return name;
}

/// A data set's name, which is a key of the file or a value of it. Throws UsageError for one that
/// no data set has.
void check_data_set(const TomlReader& reader, const std::string& name) {
  try {
    require_data_set(name);
  } catch (const UsageError& e) {
    fail<UsageError>("{}: {}: {}", reader.place(), reader.at(), e.what());
  }
}

/// Reads one file; the members are what its rows share.
struct Parser {
  HasFlag has_flag;
  Table table{};
  Settings defaults{}, quick{};

  void check_metric(const TomlReader& reader, const std::string& name) const {
    for (const Metric* metric : table.metrics)
      if (metric->name == name) return;
    fail<UsageError>("{}: {}: '{}' is no metric of this table", reader.place(), reader.at(), name);
  }

  std::map<std::string, Reference> references(TomlReader& reader, const std::string& key) const {
    std::map<std::string, Reference> all;
    auto inner = reader.table(key);
    if (!inner) return all;
    for (const std::string& name : inner->keys()) {
      check_metric(*inner, name);
      all[name] = read_reference(*inner->table(name));
    }
    return all;
  }

  std::map<std::string, double> figures(TomlReader& reader, const std::string& key) const {
    std::map<std::string, double> all;
    auto inner = reader.table(key);
    if (!inner) return all;
    for (const std::string& name : inner->keys()) {
      check_metric(*inner, name);
      all[name] = inner->require<double>(name);
    }
    return all;
  }

  Settings settings(TomlReader& reader, const std::string& key) const {
    const auto inner = reader.table(key);
    return inner ? read_settings(*inner, has_flag) : Settings();
  }

  StandIn stand_in(TomlReader reader) const {
    StandIn s;
    s.data = reader.require<std::string>("data");
    check_data_set(reader, s.data);
    s.settings = settings(reader, "settings");
    s.trainable = reader.count("trainable");
    s.references = references(reader, "reference");
    reader.finish();
    return s;
  }

  Entry entry(TomlReader reader, const std::string& data, const Settings& of_row,
              const Settings& quick_of_row, std::size_t trainable,
              std::optional<std::size_t> target) const {
    Entry e;
    e.data = data;
    check_data_set(reader, data);
    Settings all = merged(of_row, settings(reader, "settings"));
    all["data"] = {data};
    e.settings = without_false(all);
    e.in_quick_tier = reader.find<bool>("in_quick_tier").value_or(false);
    e.quick = without_false(merged(all, merged(quick_of_row, settings(reader, "quick"))));
    e.trainable = reader.count("trainable").value_or(trainable);
    if (e.trainable == 0)
      fail<UsageError>("{}: {}: 'trainable' is missing, here or in its row", reader.place(),
                       reader.at());
    const auto own = reader.count("target");
    e.target = own ? own : target;
    e.paper = figures(reader, "paper");
    e.paper_train = reader.find<double>("paper_train");
    e.references = references(reader, "reference");
    e.quick_references = references(reader, "quick_reference");
    e.seconds = reader.find<double>("seconds").value_or(0);
    if (auto inner = reader.table("stand_in")) e.stand_in = stand_in(*inner);
    reader.finish();
    return e;
  }

  static TrajectoryOptions trajectory(TomlReader reader) {
    TrajectoryOptions t;
    t.snapshot_every = reader.require<std::int64_t>("snapshot_every");
    t.perplexity = reader.find<double>("perplexity").value_or(t.perplexity);
    t.seed = reader.count("seed").value_or(t.seed);
    reader.finish();
    if (t.snapshot_every < 1)
      fail<UsageError>("{}: {}: 'snapshot_every' is a number of steps", reader.place(),
                       reader.at());
    if (!(t.perplexity >= 1))
      fail<UsageError>("{}: {}: a perplexity is 1 or more", reader.place(), reader.at());
    return t;
  }

  Row row(TomlReader reader) const {
    Row r;
    r.name = name_of_files(reader, "name");
    r.method = reader.require<std::string>("method");
    r.params = reader.require<std::string>("params");
    r.note = reader.find<std::string>("note").value_or("");
    r.beyond = reader.find<std::string>("beyond").value_or("");
    r.unsupported = reader.find<std::string>("unsupported").value_or("");
    r.comparable = reader.find<bool>("comparable").value_or(true);
    r.seeds = reader.seeds("seeds");
    if (r.seeds.empty()) r.seeds = table.seeds;
    const Settings own = merged(defaults, settings(reader, "settings"));
    const Settings quick_own = merged(quick, settings(reader, "quick"));
    const std::size_t trainable = reader.count("trainable").value_or(0);
    const std::optional<std::size_t> target = reader.count("target");
    const std::string from = reader.find<std::string>("pretrained_from").value_or("");
    auto data = reader.table("data");
    if (!data) fail<UsageError>("{}: row '{}' has no data", reader.place(), r.name);
    for (const std::string& name : data->keys()) {
      r.entries.push_back(entry(*data->table(name), name, own, quick_own, trainable, target));
      r.entries.back().pretrained_from = from;
    }
    reader.finish();
    return r;
  }

  /// The row that an entry has its weights from is trained on the same data, from its seed.
  void check_source(const Row& r, const Entry& e) const {
    if (e.pretrained_from.empty()) return;
    const Entry* source = find_entry(table, e.pretrained_from, e.data);
    if (!source || !source->pretrained_from.empty())
      fail<UsageError>(
          "{}: row '{}': pretrained_from = '{}': expected a row that begins with its seed and has "
          "{}",
          table.file.string(), r.name, e.pretrained_from, e.data);
    const Row& other = *std::ranges::find(table.rows, e.pretrained_from, &Row::name);
    if (other.seeds != r.seeds)
      fail<UsageError>("{}: row '{}': it begins with '{}', which has other seeds",
                       table.file.string(), r.name, e.pretrained_from);
    if (!other.unsupported.empty() && r.unsupported.empty())
      fail<UsageError>("{}: row '{}': it begins with '{}', which is not supported",
                       table.file.string(), r.name, e.pretrained_from);
  }

  /// What goes beyond the paper stands beside a row of it, and is held against none of its figures.
  void check_beyond(const Row& r) const {
    if (r.beyond.empty()) return;
    const auto beside = std::ranges::find(table.rows, r.beyond, &Row::name);
    if (beside == table.rows.end() || !beside->beyond.empty())
      fail<UsageError>("{}: row '{}': beyond = '{}': expected a row of the paper's",
                       table.file.string(), r.name, r.beyond);
    for (const Entry& e : r.entries) {
      if (!find_entry(table, r.beyond, e.data))
        fail<UsageError>("{}: row '{}': beyond = '{}': expected a row that has {}",
                         table.file.string(), r.name, r.beyond, e.data);
      if (!e.paper.empty() || e.paper_train)
        fail<UsageError>("{}: row '{}': it is beyond the paper, which has no figure of {} for it",
                         table.file.string(), r.name, e.data);
    }
  }

  void parse(const toml::table& root, const fs::path& file) {
    TomlReader reader(root, file.string(), "table");
    table.file = file;
    table.id = name_of_files(reader, "id");
    table.title = reader.require<std::string>("title");
    table.recipes = reader.require<std::string>("recipes");
    for (const std::string& name : reader.texts("metrics")) {
      const Metric* metric = find_metric(name);
      if (!metric)
        fail<UsageError>("{}: metric '{}'; expected {}", reader.place(), name, metric_names());
      table.metrics.push_back(metric);
    }
    if (table.metrics.empty()) fail<UsageError>("{}: 'metrics' is missing", reader.place());
    for (const Metric* metric : table.metrics) table.tolerance[metric->name] = metric->tolerance;
    for (const auto& [name, value] : figures(reader, "tolerance")) table.tolerance[name] = value;
    table.seeds = reader.seeds("seeds");
    if (table.seeds.empty()) table.seeds = {1, 2, 3};
    table.baseline = reader.find<std::string>("baseline").value_or("");
    if (auto inner = reader.table("trajectory")) table.trajectory = trajectory(*inner);
    defaults = settings(reader, "settings");
    quick = settings(reader, "quick");
    for (const TomlReader& r : reader.tables("rows")) {
      table.rows.push_back(row(r));
      const std::string& name = table.rows.back().name;
      if (std::count_if(table.rows.begin(), table.rows.end(),
                        [&](const Row& other) { return other.name == name; }) > 1)
        fail<UsageError>("{}: two rows are called '{}'", r.place(), name);
    }
    if (table.rows.empty()) fail<UsageError>("{}: no [[rows]]", reader.place());
    if (!table.baseline.empty() &&
        std::ranges::find(table.rows, table.baseline, &Row::name) == table.rows.end())
      fail<UsageError>("{}: baseline = '{}': expected the name of a row", reader.place(),
                       table.baseline);
    for (const Row& r : table.rows) {
      check_beyond(r);
      for (const Entry& e : r.entries) check_source(r, e);
    }
    reader.finish();
  }
};

}  // namespace

const Entry* find_entry(const Table& table, const std::string& row, const std::string& data) {
  for (const Row& r : table.rows)
    for (const Entry& e : r.entries)
      if (r.name == row && e.data == data) return &e;
  return nullptr;
}

Table read_table(const fs::path& file, const HasFlag& has_flag) {
  const toml::table root = parse_toml(file);
  Parser parser{has_flag};
  parser.parse(root, file);
  return parser.table;
}

std::vector<Table> read_tables(const fs::path& folder, const HasFlag& has_flag) {
  std::vector<fs::path> files;
  std::error_code ec;
  if (!fs::exists(folder, ec)) fail<UsageError>("{}: no such folder", folder.string());
  if (!fs::is_directory(folder, ec))
    fail<UsageError>("{}: is a file, expected a folder of tables", folder.string());
  for (fs::directory_iterator at(folder, ec), end; !ec && at != end; at.increment(ec))
    if (at->path().extension() == ".toml") files.push_back(at->path());
  if (ec) fail("{}: cannot be read: {}", folder.string(), ec.message());
  if (files.empty()) fail<UsageError>("{}: no tables (*.toml) in this folder", folder.string());
  std::sort(files.begin(), files.end());
  std::vector<Table> tables;
  for (const fs::path& file : files) {
    Table table = read_table(file, has_flag);
    // Their runs and reports would lie in one place.
    const auto same = std::ranges::find(tables, table.id, &Table::id);
    if (same != tables.end())
      fail<UsageError>("{}: id = '{}': {} has it, too", file.string(), table.id,
                       same->file.string());
    tables.push_back(std::move(table));
  }
  return tables;
}

}  // namespace mapnet
