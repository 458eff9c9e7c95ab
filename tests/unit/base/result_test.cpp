#include "base/result.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <set>

using namespace sotto;

namespace {

Result<std::unique_ptr<int>> boxed(int value) {
  if (value < 0) return Error{ErrorCode::kInvalidArgument, "value: negative"};
  return std::make_unique<int>(value);
}

Result<int> doubled(int value) {
  SOTTO_TRY(const auto box, boxed(value));
  return *box * 2;
}

Status checked(int value) {
  SOTTO_CHECK_OK(doubled(value));
  return {};
}

}  // namespace

TEST_CASE("SOTTO_TRY passes values on and returns errors") {
  CHECK(doubled(4).value() == 8);
  CHECK(doubled(-4).error().code == ErrorCode::kInvalidArgument);
  CHECK(doubled(-4).error().message == "value: negative");
  CHECK(checked(4).ok());
  CHECK(checked(-4).error().message == "value: negative");
}

TEST_CASE("values that can only be moved are moved out") {
  const std::unique_ptr<int> box = *boxed(3);
  CHECK(*box == 3);
}

TEST_CASE("every error code has a name of its own") {
  std::set<std::string> names;
  int32_t code = 0;  // numbered without gaps, so the first unknown one ends the list
  for (std::string name; (name = error_code_name(static_cast<ErrorCode>(code))) != "UNKNOWN";
       ++code)
    names.insert(name);
  CHECK(code >= 11);
  CHECK(names.size() == static_cast<size_t>(code));
  CHECK(std::string(error_code_name(ErrorCode::kBudgetExhausted)) == "BUDGET_EXHAUSTED");
}
