#include "data/sha256.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <memory>
#include <span>

#include "common/error.hpp"
#include "data/input_file.hpp"

namespace mapnet {

std::string sha256_hex(const std::filesystem::path& file) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1) {
    fail("{}: OpenSSL cannot start SHA-256", file.string());
  }
  const InputFile in(file);
  std::array<std::uint8_t, 64 * 1024> buffer;
  for (std::size_t offset = 0; offset < in.size();) {
    const std::span part(buffer.data(), std::min(buffer.size(), in.size() - offset));
    in.read(offset, part);
    EVP_DigestUpdate(context.get(), part.data(), part.size());
    offset += part.size();
  }
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  EVP_DigestFinal_ex(context.get(), digest.data(), &size);
  return fmt::format("{:02x}", fmt::join(digest.data(), digest.data() + size, ""));
}

}  // namespace mapnet
