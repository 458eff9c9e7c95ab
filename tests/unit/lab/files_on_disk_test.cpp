// Models and checkpoints: round trips, and damage of every kind.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/random.hpp"
#include "lab/checkpoint.hpp"
#include "lab/model_file.hpp"
#include "model/snapshot.hpp"

namespace sotto {
namespace {

namespace fs = std::filesystem;

std::string temporary(const char* name) {
  return (fs::temp_directory_path() / (std::string("sotto_test_") + name)).string();
}

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

ModelFile small_model() {
  ModelFile model;
  model.items = Matrix::Random(3, 2);
  model.ids = {"a", "b", "film \xc3\xa9"};
  model.reg = {0.25F, 0.0035F};
  return model;
}

Checkpoint small_checkpoint() {
  Checkpoint checkpoint;
  checkpoint.fingerprint = 42;
  checkpoint.report = "[{\"round\":1}]";
  checkpoint.federated.rounds_done = 1;
  checkpoint.federated.items = Matrix::Random(4, 3);
  checkpoint.federated.average = Matrix::Random(4, 3);
  checkpoint.federated.counts = {1, 2, 3, 4};
  checkpoint.federated.devices = 10;
  checkpoint.releases.push_back({1000, 1414.2, 10, 1, 2, {5, -7}});
  return checkpoint;
}

TEST_CASE("a model file gives back what was saved") {
  const std::string path = temporary("model.safetensors");
  const ModelFile model = small_model();
  REQUIRE(save_model(path, model).ok());
  const auto back = load_model(path);
  REQUIRE(back.ok());
  CHECK((back->items - model.items).cwiseAbs().maxCoeff() == 0);
  CHECK(back->ids == model.ids);
  CHECK(back->reg.a0 == model.reg.a0);
  CHECK(back->reg.lambda == model.reg.lambda);
  fs::remove(path);
}

TEST_CASE("a model whose ids no index can hold is not saved") {
  const std::string path = temporary("unsaved.safetensors");
  for (const char* id : {"", "a"}) {
    ModelFile model = small_model();
    model.ids[1] = id;
    CHECK(save_model(path, model).error().code == ErrorCode::kInvalidArgument);
  }
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("a published model is loaded as devices see it, without removed items") {
  const std::string path = temporary("published.safetensors");
  const ModelFile model = small_model();
  Snapshot snapshot{quantize_rows(model.items), {}, model.reg, {}, {}};
  for (const std::string& id : model.ids) REQUIRE(snapshot.items.add(id).ok());
  REQUIRE(snapshot.items.remove("b").ok());
  const Bytes bytes = write_snapshot(snapshot).value();
  write(path, {bytes.begin(), bytes.end()});
  const auto back = load_model(path);
  REQUIRE(back.ok());
  CHECK(back->ids == std::vector<std::string>{"a", "film \xc3\xa9"});
  const Matrix published = as_published(model.items);
  CHECK(back->items.row(0) == published.row(0));
  CHECK(back->items.row(1) == published.row(2));
  fs::remove(path);
}

TEST_CASE("a truncated or changed model file is refused or read, never a crash") {
  const std::string path = temporary("damaged.safetensors");
  REQUIRE(save_model(path, small_model()).ok());
  const std::string good = read(path);
  for (size_t length = 0; length < good.size(); ++length) {
    write(path, good.substr(0, length));
    CHECK_FALSE(load_model(path).ok());
  }
  Random random(1);
  for (int trial = 0; trial < 2000; ++trial) {
    std::string bad = good;
    bad[random.below(bad.size())] = static_cast<char>(random.below(256));
    write(path, bad);
    (void)load_model(path);
  }
  fs::remove(path);
  CHECK(load_model(path).error().code == ErrorCode::kNotFound);
}

TEST_CASE("a checkpoint gives back what was saved, to its own run only") {
  const std::string path = temporary("run.ckpt");
  const Checkpoint checkpoint = small_checkpoint();
  REQUIRE(save_checkpoint(path, checkpoint).ok());
  const auto back = load_checkpoint(path, 42);
  REQUIRE(back.ok());
  CHECK(back->report == checkpoint.report);
  CHECK((back->federated.items - checkpoint.federated.items).norm() == 0);
  CHECK(back->federated.counts == checkpoint.federated.counts);
  REQUIRE(back->releases.size() == 1);
  CHECK(back->releases[0].sum == checkpoint.releases[0].sum);
  CHECK(load_checkpoint(path, 43).error().code == ErrorCode::kInvalidArgument);
  fs::remove(path);
}

TEST_CASE("a truncated checkpoint is refused at every length") {
  const std::string path = temporary("cut.ckpt");
  REQUIRE(save_checkpoint(path, small_checkpoint()).ok());
  const std::string good = read(path);
  for (size_t length = 0; length < good.size(); ++length) {
    write(path, good.substr(0, length));
    CHECK_FALSE(load_checkpoint(path, 42).ok());
  }
  fs::remove(path);
}

}  // namespace
}  // namespace sotto
