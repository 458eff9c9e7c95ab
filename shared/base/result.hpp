// Errors without exceptions: a closed list of codes, a message for people, and Result<T>.
//
// The core never throws, prints or aborts on bad input. Every function that can fail returns
// Result<T> (or Status when there is nothing to return) and is [[nodiscard]] by its type.
// Thread safety: plain values.
#pragma once

#include <cstdint>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

namespace sotto {

/// Closed and numbered: the same numbers cross the C ABI, the same names appear in JSON.
/// Bad input and bugs have different codes.
enum class ErrorCode : int32_t {
  kOk = 0,
  kInvalidArgument = 1,  ///< The caller passed a value outside the documented range.
  kMalformed = 2,        ///< Outside data does not follow its format.
  kUnsupported = 3,      ///< A version, name or kind that this build does not know.
  kNotFound = 4,         ///< A named file, item or user does not exist.
  kIo = 5,               ///< The operating system refused (lab and servers only).
  kOutOfMemory = 6,      ///< A size is beyond the stated memory budget.
  kNumerical = 7,        ///< A computation left the finite numbers.
  kBudgetExhausted = 8,  ///< The privacy budget does not allow it.
  kCancelled = 9,        ///< The caller asked to stop.
  kInternal = 10,        ///< A bug in Sotto.
  kAuthentication = 11,  ///< A signature, seal, key or role is not the expected one.
  kExpired = 12,         ///< Outside of its time: a key, task or report too early or too late.
  kReplay = 13,          ///< Seen before, where once is all there may be.
  kRejected = 14,        ///< A report does not pass the check of its VDAF.
  kBelowFloor = 15,      ///< A task that protects less than this program's floors demand.
  kTooFewReports = 16,   ///< A batch below its minimum.
  kFull = 17,            ///< A batch at its maximum.
  kClosed = 18,          ///< A task that takes nothing more: being collected, or abandoned.
  kDisagreement = 19,    ///< The two servers do not hold the same reports.
};

/// The stable name of a code, e.g. "INVALID_ARGUMENT".
const char* error_code_name(ErrorCode code);

struct Error {
  Error() = default;
  Error(ErrorCode number, std::string text) : code(number), message(std::move(text)) {}
  /// Not inline: there are hundreds of places that fail, and they shall be small.
  Error(ErrorCode number, const char* text);

  ErrorCode code = ErrorCode::kInternal;
  std::string message;  ///< Names the field and the reason. Never holds a secret.
};

/// Either a T or an Error. Precondition of value() and operator*: ok().
/// Not a std::variant: dispatch by table was 39 kB of sotto.wasm (545 to 506 kB, not gzipped).
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)), ok_(true) {}
  Result(Error error) : error_(std::move(error)), ok_(false) {}
  Result(ErrorCode code, std::string message) : Result(Error{code, std::move(message)}) {}
  Result(ErrorCode code, const char* message) : Result(Error{code, message}) {}
  Result(const Result& other) : ok_(other.ok_) { construct(other); }
  Result(Result&& other) noexcept(std::is_nothrow_move_constructible_v<T>) : ok_(other.ok_) {
    construct(std::move(other));
  }
  Result& operator=(Result other) noexcept(std::is_nothrow_move_constructible_v<T>) {
    destroy();
    ok_ = other.ok_;
    construct(std::move(other));
    return *this;
  }
  ~Result() { destroy(); }

  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }

  T& value() & { return value_; }
  const T& value() const& { return value_; }
  T&& value() && { return std::move(value_); }
  T& operator*() & { return value_; }
  const T& operator*() const& { return value_; }
  T&& operator*() && { return std::move(value_); }
  T* operator->() { return &value_; }
  const T* operator->() const { return &value_; }

  const Error& error() const& { return error_; }
  Error&& error() && { return std::move(error_); }

 private:
  template <class Other>
  void construct(Other&& other) {
    if (ok_) {
      new (&value_) T(std::forward<Other>(other).value_);
    } else {
      new (&error_) Error(std::forward<Other>(other).error_);
    }
  }
  void destroy() {
    if (ok_) {
      value_.~T();
    } else {
      error_.~Error();
    }
  }

  union {
    T value_;
    Error error_;
  };
  bool ok_;
};

/// Success or an Error, for functions with nothing to return.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}
  Status(ErrorCode code, std::string message) : error_{code, std::move(message)} {}
  Status(ErrorCode code, const char* message);

  bool ok() const { return error_.code == ErrorCode::kOk; }
  explicit operator bool() const { return ok(); }
  const Error& error() const& { return error_; }
  Error&& error() && { return std::move(error_); }

 private:
  Error error_{ErrorCode::kOk, std::string()};
};

}  // namespace sotto

#define SOTTO_CONCAT_INNER(a, b) a##b
#define SOTTO_CONCAT(a, b) SOTTO_CONCAT_INNER(a, b)

/// SOTTO_TRY(auto x, f());  declares x, or returns f's error from the enclosing function.
#define SOTTO_TRY(declaration, expression) \
  SOTTO_TRY_IMPL(SOTTO_CONCAT(sotto_result_, __LINE__), declaration, expression)
#define SOTTO_TRY_IMPL(result, declaration, expression) \
  auto result = (expression);                           \
  if (!result.ok()) return std::move(result).error();   \
  declaration = std::move(result).value()

/// SOTTO_CHECK_OK(f());  returns f's error from the enclosing function, if it has one.
#define SOTTO_CHECK_OK(expression)                            \
  do {                                                        \
    if (auto sotto_status = (expression); !sotto_status.ok()) \
      return std::move(sotto_status).error();                 \
  } while (false)
