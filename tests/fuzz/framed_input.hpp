#pragma once

#include <zlib.h>

#include <algorithm>

#include "fuzz/target.hpp"

namespace mapnet::fuzz {

/// A framed file (train/framed_file.hpp) of any bytes, for the reader to come past its frame. Bytes
/// that begin with a brace are a description and, behind a zero byte, a payload: magic, version and
/// length are put before them. Others are such a file as it is. The checksum is made right.
inline std::string framed_file(std::string_view magic, std::string_view bytes) {
  std::string file;
  if (bytes.starts_with('{')) {
    const auto [description, payload] = split_at_zero(bytes);
    file = magic;
    append_number(file, 1, 4);
    append_number(file, description.size(), 4);
    file.append(description).append(payload);
  } else {
    file = bytes.substr(0, bytes.size() - std::min<std::size_t>(4, bytes.size()));
  }
  append_number(file, crc32_z(0, reinterpret_cast<const unsigned char*>(file.data()), file.size()),
                4);
  return file;
}

/// Gives a reader the bytes as they are, then as a framed file with a right checksum.
template <class Hold, class Read>
void read_framed(std::string_view magic, std::string_view bytes, Hold&& hold, Read&& read) {
  if (!bytes.starts_with('{')) accepts([&] { read(hold(bytes)); });
  accepts([&] { read(hold(framed_file(magic, bytes))); });
}

}  // namespace mapnet::fuzz
