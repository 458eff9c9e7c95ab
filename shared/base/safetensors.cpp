#include "base/safetensors.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/sort.hpp"

namespace sotto {
namespace {

struct TypeEntry {
  TensorType type;
  std::string_view name;
  size_t size;
};

constexpr std::array<TypeEntry, 5> kTypes{{{TensorType::kU8, "U8", 1},
                                           {TensorType::kI8, "I8", 1},
                                           {TensorType::kU32, "U32", 4},
                                           {TensorType::kF32, "F32", 4},
                                           {TensorType::kU64, "U64", 8}}};
constexpr std::string_view kMetadata = "__metadata__";
// Whole numbers that every JSON reader holds exactly.
constexpr uint64_t kMostNumber = uint64_t{1} << 53;
constexpr size_t kMostRank = 8;
constexpr size_t kLongestName = 64;

const TypeEntry& entry_of(TensorType type) { return kTypes[static_cast<size_t>(type)]; }

Error malformed(std::string_view what, std::string_view reason) {
  return {ErrorCode::kMalformed, what, reason};
}

bool plain(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

// The bytes of a shape; nothing when no file can hold it.
std::optional<uint64_t> bytes_of(std::span<const uint64_t> shape, TensorType type) {
  if (shape.size() > kMostRank) return std::nullopt;
  uint64_t bytes = tensor_type_size(type);
  for (const uint64_t extent : shape) {
    if (extent > kMostNumber || (extent > 0 && bytes > kMostNumber / extent)) return std::nullopt;
    bytes *= extent;
  }
  return bytes;
}

struct Placed {
  Tensor tensor;
  uint64_t begin = 0;
  uint64_t end = 0;
};

// Reads the header from left to right; every method takes what it names or fails.
class HeaderReader {
 public:
  HeaderReader(std::string_view text, std::span<const KnownTensor> known)
      : rest_(text), known_(known) {}

  Status read() {
    SOTTO_CHECK_OK(object([this](std::string_view key) { return member(key); }));
    skip_space();
    if (!rest_.empty()) return malformed("header", "something follows the object");
    return {};
  }

  std::vector<Placed> placed;
  std::map<std::string, std::string> metadata;

 private:
  void skip_space() {
    const size_t next = rest_.find_first_not_of(" \t\n\r");
    rest_.remove_prefix(next == std::string_view::npos ? rest_.size() : next);
  }

  bool take(char token) {
    skip_space();
    if (rest_.empty() || rest_.front() != token) return false;
    rest_.remove_prefix(1);
    return true;
  }

  Status expect(char token) {
    if (take(token)) return {};
    return malformed("header", std::string("expected ") + token);
  }

  Result<std::string_view> string(size_t longest) {
    SOTTO_CHECK_OK(expect('"'));
    size_t size = 0;
    while (size < rest_.size() && plain(rest_[size])) ++size;
    if (size == rest_.size() || rest_[size] != '"' || size > longest)
      return malformed("header", "a string is too long, not closed or not plain ASCII");
    const auto text = rest_.substr(0, size);
    rest_.remove_prefix(size + 1);
    return text;
  }

  Result<uint64_t> number() {
    skip_space();
    uint64_t value = 0;
    size_t digits = 0;
    for (; digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9'; ++digits) {
      value = value * 10 + static_cast<uint64_t>(rest_[digits] - '0');
      if (value > kMostNumber) return malformed("header", "a number is too large");
    }
    if (digits == 0 || (digits > 1 && rest_.front() == '0'))
      return malformed("header", "expected a whole number");
    rest_.remove_prefix(digits);
    return value;
  }

  // "key": and then whatever member() takes, separated by commas.
  template <class Member>
  Status object(Member member) {
    SOTTO_CHECK_OK(expect('{'));
    if (take('}')) return {};
    do {
      SOTTO_TRY(const auto key, string(kLongestName));
      SOTTO_CHECK_OK(expect(':'));
      SOTTO_CHECK_OK(member(key));
    } while (take(','));
    return expect('}');
  }

  Result<std::vector<uint64_t>> numbers() {
    std::vector<uint64_t> values;
    SOTTO_CHECK_OK(expect('['));
    if (take(']')) return values;
    do {
      if (values.size() == kMostRank) return malformed("header", "a list is too long");
      SOTTO_TRY(const auto value, number());
      values.push_back(value);
    } while (take(','));
    SOTTO_CHECK_OK(expect(']'));
    return values;
  }

  Status member(std::string_view key) {
    if (key != kMetadata) return tensor(key);
    if (std::exchange(has_metadata_, true)) return malformed(key, "twice");
    return object([this](std::string_view name) -> Status {
      SOTTO_TRY(const auto text, string(kLongestMetadataText));
      if (metadata.size() == kMostMetadata) return malformed(kMetadata, "too many entries");
      if (!metadata.emplace(name, text).second) return malformed(name, "twice in the metadata");
      return {};
    });
  }

  Status tensor(std::string_view name) {
    const auto known = std::find_if(known_.begin(), known_.end(),
                                    [&](const KnownTensor& entry) { return entry.name == name; });
    if (known == known_.end()) return malformed(name, "a tensor that is not known");
    if (std::any_of(placed.begin(), placed.end(),
                    [&](const Placed& other) { return other.tensor.name == name; }))
      return malformed(name, "twice in the header");
    SOTTO_TRY(auto read, fields(*known));
    placed.push_back(std::move(read));
    return {};
  }

  Result<Placed> fields(const KnownTensor& known) {
    Placed read{.tensor = {std::string(known.name), known.type, {}, {}}, .begin = 0, .end = 0};
    bool has_type = false, has_shape = false, has_place = false;
    SOTTO_CHECK_OK(object([&](std::string_view key) -> Status {
      if (key == "dtype" && !std::exchange(has_type, true)) {
        SOTTO_TRY(const auto type, string(kLongestName));
        if (type != tensor_type_name(known.type)) return malformed(known.name, "another dtype");
      } else if (key == "shape" && !std::exchange(has_shape, true)) {
        SOTTO_TRY(read.tensor.shape, numbers());
      } else if (key == "data_offsets" && !std::exchange(has_place, true)) {
        SOTTO_TRY(const auto place, numbers());
        if (place.size() != 2 || place[0] > place[1])
          return malformed(known.name, "data_offsets must be [begin, end]");
        read.begin = place[0];
        read.end = place[1];
      } else {
        return malformed(known.name, "a key twice or not known");
      }
      return {};
    }));
    if (!has_type || !has_shape || !has_place) return malformed(known.name, "a key is missing");
    if (read.tensor.shape.size() != known.rank) return malformed(known.name, "another rank");
    if (bytes_of(read.tensor.shape, known.type) != read.end - read.begin)
      return malformed(known.name, "data_offsets do not fit the shape");
    return read;
  }

  std::string_view rest_;
  std::span<const KnownTensor> known_;
  bool has_metadata_ = false;
};

Status check_text(std::string_view text, size_t longest) {
  if (text.size() <= longest && std::all_of(text.begin(), text.end(), plain)) return {};
  return {ErrorCode::kInvalidArgument, "safetensors: text too long or not plain ASCII"};
}

Status check_writable(const Safetensors& contents) {
  if (contents.metadata.size() > kMostMetadata)
    return {ErrorCode::kInvalidArgument, "safetensors: too many metadata"};
  for (const auto& [key, text] : contents.metadata) {
    SOTTO_CHECK_OK(check_text(key, kLongestMetadataKey));
    SOTTO_CHECK_OK(check_text(text, kLongestMetadataText));
  }
  for (const Tensor& tensor : contents.tensors) {
    SOTTO_CHECK_OK(check_text(tensor.name, kLongestName));
    if (tensor.name == kMetadata || contents.find(tensor.name) != &tensor)
      return {ErrorCode::kInvalidArgument, tensor.name + ": a name taken twice"};
    if (bytes_of(tensor.shape, tensor.type) != tensor.bytes.size())
      return {ErrorCode::kInvalidArgument, tensor.name + ": the shape does not fit the bytes"};
  }
  return {};
}

std::string header_of(const Safetensors& contents, std::span<const Tensor* const> order) {
  std::string text = "{\"__metadata__\":{";
  for (const auto& [key, value] : contents.metadata) {
    if (text.back() != '{') text += ',';
    text.append("\"").append(key).append("\":\"").append(value).append("\"");
  }
  text += '}';
  uint64_t begin = 0;
  for (const Tensor* const tensor : order) {
    const uint64_t end = begin + tensor->bytes.size();
    text.append(",\"").append(tensor->name).append("\":{\"dtype\":\"");
    text.append(tensor_type_name(tensor->type)).append("\",\"shape\":[");
    for (size_t i = 0; i < tensor->shape.size(); ++i) {
      if (i > 0) text += ',';
      text += std::to_string(tensor->shape[i]);
    }
    text += "],\"data_offsets\":[" + std::to_string(begin) + "," + std::to_string(end) + "]}";
    begin = end;
  }
  text += '}';
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the first tensor is aligned to 8 bytes
  return text;
}

}  // namespace

size_t tensor_type_size(TensorType type) { return entry_of(type).size; }
std::string_view tensor_type_name(TensorType type) { return entry_of(type).name; }

const Tensor* Safetensors::find(std::string_view name) const {
  const auto found = std::find_if(tensors.begin(), tensors.end(),
                                  [&](const Tensor& tensor) { return tensor.name == name; });
  return found == tensors.end() ? nullptr : &*found;
}

Result<Safetensors> read_safetensors(std::span<const uint8_t> file,
                                     std::span<const KnownTensor> known) {
  ByteReader in(file);
  SOTTO_TRY(const auto header_size, in.get<uint64_t>("header length"));
  if (header_size > kMostSafetensorsHeader) return malformed("header", "longer than 64 KiB");
  SOTTO_TRY(const auto header, in.get_bytes(static_cast<size_t>(header_size), "header"));
  const auto data = file.last(in.remaining());
  if (header.empty() || header.front() != '{') return malformed("header", "expected {");

  HeaderReader reader({reinterpret_cast<const char*>(header.data()), header.size()}, known);
  SOTTO_CHECK_OK(reader.read());
  // Sorted, each must begin where the one before ended: no gap, no overlap, nothing left over.
  std::vector<Placed>& placed = reader.placed;
  sort_all(std::span(placed), [](const Placed& a, const Placed& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  Safetensors contents{{}, std::move(reader.metadata)};
  uint64_t end = 0;
  for (Placed& one : placed) {
    if (one.begin != end) return malformed(one.tensor.name, "a gap or an overlap before it");
    if (one.end > data.size()) return malformed(one.tensor.name, "the file ends too early");
    one.tensor.bytes =
        data.subspan(static_cast<size_t>(one.begin), static_cast<size_t>(one.end - one.begin));
    end = one.end;
    contents.tensors.push_back(std::move(one.tensor));
  }
  if (end != data.size()) return malformed("file", "bytes that belong to no tensor");
  return contents;
}

Result<Bytes> write_safetensors(const Safetensors& contents) {
  SOTTO_CHECK_OK(check_writable(contents));
  std::vector<const Tensor*> order;
  for (const Tensor& tensor : contents.tensors) order.push_back(&tensor);
  std::stable_sort(order.begin(), order.end(), [](const Tensor* a, const Tensor* b) {
    return tensor_type_size(a->type) > tensor_type_size(b->type);
  });
  const std::string header = header_of(contents, order);
  if (header.size() > kMostSafetensorsHeader)
    return Error{ErrorCode::kInvalidArgument, "safetensors: the header is longer than 64 KiB"};
  ByteWriter out;
  out.put_string(header);
  for (const Tensor* const tensor : order) out.put_bytes(tensor->bytes);
  return std::move(out).bytes();
}

}  // namespace sotto
