#include "data/sha256.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <memory>

#include "common/error.hpp"
#include "data/input_file.hpp"

namespace mapnet {

namespace {

class Sha256 {
 public:
  Sha256() {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1)
      fail("OpenSSL cannot start SHA-256");
  }
  void add(std::span<const std::uint8_t> bytes) {
    EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
  }
  std::string hex() {
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &size);
    return fmt::format("{:02x}", fmt::join(digest.data(), digest.data() + size, ""));
  }

 private:
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_{EVP_MD_CTX_new(),
                                                                         EVP_MD_CTX_free};
};

}  // namespace

std::string sha256_hex(const std::filesystem::path& file) {
  Sha256 hash;
  const InputFile in(file);
  std::array<std::uint8_t, 64 * 1024> buffer;
  for (std::size_t offset = 0; offset < in.size();) {
    const std::span part(buffer.data(), std::min(buffer.size(), in.size() - offset));
    in.read(offset, part);
    hash.add(part);
    offset += part.size();
  }
  return hash.hex();
}

std::string sha256_hex(std::span<const std::uint8_t> bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.hex();
}

std::string sha256_of_text(std::string_view text) {
  return sha256_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace mapnet
