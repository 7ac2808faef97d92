#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mapnet {

/// A comma-separated table with a header line, read row by row. Lines end in LF or CRLF; a byte
/// order mark, blank lines at the end and quotes around a field are taken off. A quoted field may
/// hold commas, but neither quotes nor line ends. Every error names the file, the line (from 1, the
/// header) and, where it is one field's fault, the column.
class CsvTable {
 public:
  /// Reads the file into memory, and its header. Throws Error when it is empty.
  explicit CsvTable(const std::filesystem::path& file);
  CsvTable(const CsvTable&) = delete;
  CsvTable& operator=(const CsvTable&) = delete;

  /// The place of the column of that name. Throws Error listing the columns when there is none.
  std::size_t column(std::string_view name) const;

  /// Steps to the next row, the first one to begin with; false behind the last. Throws Error for a
  /// row that has not as many fields as the header.
  bool next();

  std::size_t line() const { return line_; }
  std::string_view text(std::size_t column) const { return fields_[column]; }

  /// The field as a number: the whole of it, finite as a float too.
  double number(std::size_t column) const;
  int integer(std::size_t column) const;

  /// Throws Error: "FILE:LINE: column NAME: expected EXPECTED, found 'FIELD'".
  [[noreturn]] void refuse(std::size_t column, std::string_view expected) const;

 private:
  /// The fields of the next line; false at the end.
  bool split_line();

  std::filesystem::path file_;
  std::string contents_;
  std::string_view rest_;  // behind the current row
  std::size_t line_ = 0;
  std::vector<std::string_view> header_, fields_;
};

}  // namespace mapnet
