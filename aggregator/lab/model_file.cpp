#include "lab/model_file.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <fstream>
#include <iterator>

#include "base/bytes.hpp"
#include "lab/atomic_file.hpp"

namespace sotto {
namespace {

namespace json = boost::json;

constexpr uint64_t kMostHeaderBytes = 64 * 1024;

struct Tensor {
  std::vector<uint64_t> shape;
  std::span<const uint8_t> bytes;
};

Error malformed(const std::string& reason) { return {ErrorCode::kMalformed, reason}; }

std::string number(float value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return {text, end};
}

// Finds one tensor of the header and checks its type, its shape and its place in the file.
Result<Tensor> find_tensor(const json::object& header, std::span<const uint8_t> data,
                           const std::string& name, const std::string& dtype, uint64_t size) {
  const auto* entry = header.if_contains(name);
  if (entry == nullptr || !entry->is_object()) return malformed("tensor " + name + " is missing");
  const auto& fields = entry->get_object();
  const auto* type = fields.if_contains("dtype");
  const auto* shape = fields.if_contains("shape");
  const auto* offsets = fields.if_contains("data_offsets");
  if (type == nullptr || !type->is_string() || type->get_string() != dtype)
    return malformed("tensor " + name + ": dtype must be " + dtype);
  if (shape == nullptr || !shape->is_array() || offsets == nullptr || !offsets->is_array() ||
      offsets->get_array().size() != 2)
    return malformed("tensor " + name + ": shape or data_offsets are missing");
  const auto integer = [](const json::value& value) -> Result<uint64_t> {
    json::error_code error;
    const auto n = value.to_number<uint64_t>(error);
    if (error) return Error{ErrorCode::kMalformed, "not a whole number"};
    return n;
  };
  Tensor tensor;
  uint64_t elements = 1;
  for (const auto& extent : shape->get_array()) {
    SOTTO_TRY(const auto n, integer(extent));
    if (n > 0 && elements > (uint64_t{1} << 40) / n)
      return malformed("tensor " + name + ": too large");
    elements *= n;
    tensor.shape.push_back(n);
  }
  SOTTO_TRY(const auto begin, integer(offsets->get_array()[0]));
  SOTTO_TRY(const auto end, integer(offsets->get_array()[1]));
  if (begin > end || end > data.size() || end - begin != elements * size)
    return malformed("tensor " + name + ": data_offsets do not fit the shape and the file");
  tensor.bytes = data.subspan(begin, end - begin);
  return tensor;
}

Result<float> get_float(const json::object& metadata, const std::string& name) {
  const auto* value = metadata.if_contains(name);
  float number = 0;
  if (value != nullptr && value->is_string()) {
    const auto& text = value->get_string();
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    if (parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size() && number > 0)
      return number;
  }
  return malformed("metadata " + name + ": must be a positive number");
}

Result<ModelFile> parse(std::span<const uint8_t> bytes) {
  ByteReader in(bytes);
  SOTTO_TRY(const auto header_size, in.get<uint64_t>("header length"));
  if (header_size > kMostHeaderBytes) return malformed("header: longer than 64 KiB");
  SOTTO_TRY(const auto header_bytes, in.get_bytes(header_size, "header"));
  const auto data = bytes.subspan(8 + header_size);
  json::error_code error;
  const auto value =
      json::parse({reinterpret_cast<const char*>(header_bytes.data()), header_bytes.size()}, error);
  if (error || !value.is_object()) return malformed("header: not a JSON object");
  const auto& header = value.get_object();

  const auto* metadata = header.if_contains("__metadata__");
  if (metadata == nullptr || !metadata->is_object()) return malformed("metadata is missing");
  ModelFile model;
  SOTTO_TRY(model.reg.a0, get_float(metadata->get_object(), "a0"));
  SOTTO_TRY(model.reg.lambda, get_float(metadata->get_object(), "lambda"));

  SOTTO_TRY(const auto items, find_tensor(header, data, "items", "F32", 4));
  if (items.shape.size() != 2 || items.shape[1] < 1 || items.shape[1] > 4096)
    return malformed("tensor items: shape must be [m, k] with k from 1 to 4096");
  const uint64_t rows = items.shape[0];
  model.items.resize(static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(items.shape[1]));
  std::copy(items.bytes.begin(), items.bytes.end(), reinterpret_cast<uint8_t*>(model.items.data()));
  if (!model.items.allFinite()) return malformed("tensor items: a value is not finite");

  SOTTO_TRY(const auto text, find_tensor(header, data, "item_ids", "U8", 1));
  SOTTO_TRY(const auto ends, find_tensor(header, data, "item_id_offsets", "U64", 8));
  if (ends.bytes.size() != (rows + 1) * 8)
    return malformed("tensor item_id_offsets: must have one more element than items has rows");
  std::vector<uint64_t> offsets(rows + 1);
  std::copy(ends.bytes.begin(), ends.bytes.end(), reinterpret_cast<uint8_t*>(offsets.data()));
  if (offsets.front() != 0 || offsets.back() != text.bytes.size() ||
      !std::is_sorted(offsets.begin(), offsets.end()))
    return malformed("tensor item_id_offsets: must grow from 0 to the length of item_ids");
  for (uint64_t i = 0; i < rows; ++i)
    model.ids.emplace_back(reinterpret_cast<const char*>(text.bytes.data()) + offsets[i],
                           offsets[i + 1] - offsets[i]);
  return model;
}

}  // namespace

Status save_model(const std::string& path, const ModelFile& model) {
  std::string ids;
  std::vector<uint64_t> offsets{0};
  for (const auto& id : model.ids) {
    ids += id;
    offsets.push_back(ids.size());
  }
  const auto items_bytes = static_cast<uint64_t>(model.items.size()) * sizeof(float);
  const uint64_t offsets_end = items_bytes + offsets.size() * sizeof(uint64_t);
  const auto tensor = [](const char* dtype, json::array shape, uint64_t begin, uint64_t end) {
    return json::object{
        {"dtype", dtype}, {"shape", std::move(shape)}, {"data_offsets", json::array{begin, end}}};
  };
  const json::object header{
      {"__metadata__", json::object{{"format", "sotto-model"},
                                    {"version", "1"},
                                    {"a0", number(model.reg.a0)},
                                    {"lambda", number(model.reg.lambda)}}},
      {"items", tensor("F32", {model.items.rows(), model.items.cols()}, 0, items_bytes)},
      {"item_id_offsets", tensor("U64", {offsets.size()}, items_bytes, offsets_end)},
      {"item_ids", tensor("U8", {ids.size()}, offsets_end, offsets_end + ids.size())}};
  std::string text = json::serialize(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the tensors are aligned

  ByteWriter out;
  out.put_string(text);
  const auto put = [&out](const void* data, size_t size) {
    out.put_bytes({static_cast<const uint8_t*>(data), size});
  };
  put(model.items.data(), items_bytes);
  put(offsets.data(), offsets.size() * sizeof(uint64_t));
  put(ids.data(), ids.size());
  SOTTO_TRY(auto file, AtomicFile::create(path));
  file.write({reinterpret_cast<const char*>(out.bytes().data()), out.bytes().size()});
  return file.commit();
}

Result<ModelFile> load_model(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{ErrorCode::kNotFound, path + ": no such model"};
  const Bytes bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  auto model = parse(bytes);
  if (!model.ok()) return Error{model.error().code, path + ": " + model.error().message};
  return model;
}

}  // namespace sotto
