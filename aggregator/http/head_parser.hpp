// Beast's parser of request heads, writing straight into our request. Internal.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "http/message.hpp"

namespace sotto {

class HeadParser final : public boost::beast::http::basic_parser<true> {
 public:
  HeadParser(HttpRequest& request, size_t most_head) : request_(request) {
    header_limit(static_cast<uint32_t>(most_head));
    body_limit(boost::none);  // The handler says.
  }

  unsigned version() const { return version_; }
  const std::string& target() const { return target_; }

 private:
  using View = boost::beast::string_view;
  using ErrorCodeRef = boost::beast::error_code&;
  using Length = boost::optional<uint64_t> const&;

  void on_request_impl(boost::beast::http::verb, View method, View target, int version,
                       ErrorCodeRef) override {
    request_.headers.reserve(12);
    request_.method.assign(method.data(), method.size());
    target_.assign(target.data(), target.size());
    version_ = static_cast<unsigned>(version);
  }
  void on_field_impl(boost::beast::http::field, View name, View value, ErrorCodeRef) override {
    auto& [key, text] = request_.headers.emplace_back();
    key.reserve(name.size());
    for (const char c : name) key += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    text.assign(value.data(), value.size());
  }
  // The body is read without the parser, which stops behind the head.
  void on_response_impl(int, View, int, ErrorCodeRef) override {}
  void on_header_impl(ErrorCodeRef) override {}
  void on_body_init_impl(Length, ErrorCodeRef) override {}
  size_t on_body_impl(View body, ErrorCodeRef) override { return body.size(); }
  void on_chunk_header_impl(uint64_t, View, ErrorCodeRef) override {}
  size_t on_chunk_body_impl(uint64_t, View body, ErrorCodeRef) override { return body.size(); }
  void on_finish_impl(ErrorCodeRef) override {}

  HttpRequest& request_;
  std::string target_;
  unsigned version_ = 0;
};

}  // namespace sotto
