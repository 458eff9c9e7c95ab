// What everybody may ask: the same for all, static, cacheable. Internal to api.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "server/context.hpp"
#include "server/helper_service.hpp"
#include "server/leader_service.hpp"
#include "server/route.hpp"
#include "server/site_publisher.hpp"

namespace sotto {

/// Thread safety: every call from any thread.
class PublicApi {
 public:
  struct Parts {
    HpkeKeys* own = nullptr;
    HpkeKeys* collector = nullptr;    ///< Leader.
    LeaderService* leader = nullptr;  ///< Leader.
    SitePublisher* site = nullptr;    ///< Leader that trains.
    HelperService* helper = nullptr;  ///< Helper.
    std::function<HttpStatistics()> statistics;
    /// Why the server cannot take work; empty: it can.
    std::function<std::string()> unready;
  };

  PublicApi(const ServerContext& context, Parts parts)
      : context_(context), parts_(std::move(parts)) {}

  HttpResponse answer(const Matched& matched, const HttpRequest& request) const;

 private:
  HttpResponse answer_of_site(const Matched& matched, const HttpRequest& request,
                              const PublishedSite& published) const;
  HttpResponse ready() const;
  HttpResponse metrics() const;
  HttpResponse site(const HttpRequest& request, const PublishedSite& published) const;
  HttpResponse model(const HttpRequest& request, std::string_view version,
                     const PublishedSite& published) const;
  HttpResponse file(const HttpRequest& request, std::string_view hash) const;
  HttpResponse tasks(const HttpRequest& request) const;
  HttpResponse task(const HttpRequest& request, std::string_view id) const;
  HttpResponse key(const HttpRequest& request, std::string_view id) const;

  const ServerContext& context_;
  const Parts parts_;
};

}  // namespace sotto
