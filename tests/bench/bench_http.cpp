// What the HTTP server does on this machine.
//   bench_http                        our client against our server, both in this process
//   bench_http --serve PORT FILE      a server for others to measure (http.mjs), until stdin ends:
//                                     GET /file, GET /small, any PUT, GET /rss, GET /broadcast
//   bench_http --websockets N PORT    N idle WebSockets to such a server: its memory, and how long
//                                     one announcement takes to all of them
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <future>
#include <iterator>
#include <string>
#include <vector>

#include "http/client.hpp"
#include "http/server.hpp"

using namespace sotto;

namespace {

double now_s() {
  const std::chrono::duration<double> now = std::chrono::steady_clock::now().time_since_epoch();
  return now.count();
}

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "bench_http: %s\n", what.c_str());
  std::exit(1);
}

uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t total = 0;
  uint64_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

HttpResponse text(std::string_view content) { return text_response(200, "text/plain", content); }

struct Site final : HttpHandler {
  std::variant<uint64_t, HttpResponse> admit(const HttpRequest&) override {
    return uint64_t{1} << 20;
  }
  void handle(HttpRequest request, HttpRespond respond) override {
    if (request.path == "/file")
      return respond(serve_resource(request, file, "file", "application/octet-stream", true));
    if (request.path == "/rss") return respond(text(std::to_string(resident_bytes())));
    if (request.path == "/websockets")
      return respond(text(std::to_string(server->statistics().websockets)));
    if (request.path == "/broadcast")
      return respond(text(std::to_string(server->broadcast(R"({"type":"model","sequence":1})"))));
    respond(text("ok"));
  }
  SharedBytes file = std::make_shared<const Bytes>(size_t{1} << 20, uint8_t{'f'});
  HttpServer* server = nullptr;
};

std::unique_ptr<HttpServer> serve(Site& site, uint16_t port) {
  HttpServerOptions options;
  options.port = port;
  options.websocket_path = "/events";
  auto started = HttpServer::start(options, site);
  if (!started.ok()) fail(started.error().message);
  site.server = started->get();
  return std::move(*started);
}

// Keeps `at_once` calls in flight until `total` are answered. Gives seconds.
double drive(HttpClient& client, const HttpCall& call, int at_once, int total) {
  std::promise<void> all;
  std::atomic<int> to_send{total - at_once};
  std::atomic<int> unanswered{total};
  std::function<void(Result<HttpReply>)> next = [&](const Result<HttpReply>& reply) {
    if (!reply.ok() || reply->status != 200) fail("a call failed");
    if (to_send.fetch_sub(1) > 0) client.send(call, next);
    if (unanswered.fetch_sub(1) == 1) all.set_value();
  };
  const double begin = now_s();
  for (int i = 0; i < at_once; ++i) client.send(call, next);
  all.get_future().wait();
  return now_s() - begin;
}

void measure_both() {
  Site site;
  const auto server = serve(site, 0);
  HttpClient client({.threads = 1, .most_connections = 64});
  HttpCall call;
  call.origin = {.tls = false, .host = "127.0.0.1", .port = server->port()};
  std::printf("our client and our server in one process, 16 calls at once\n");
  std::printf("%-24s%14s%12s\n", "", "requests/s", "MB/s");
  const auto row = [&](const char* name, int total, double megabytes) {
    const double seconds = drive(client, call, 16, total);
    std::printf("%-24s%14.0f%12.1f\n", name, total / seconds, total * megabytes / seconds);
  };
  call.target = "/small";
  row("GET, 2 bytes", 40'000, 2e-6);
  call.target = "/file";
  row("GET, 1 MiB", 2000, 1.048576);
  call.method = "PUT";
  call.target = "/put";
  call.body = std::make_shared<const Bytes>(size_t{1000});
  row("PUT, 1 kB", 40'000, 1e-3);
  call.body = std::make_shared<const Bytes>(size_t{500'000});
  row("PUT, 0.5 MB", 2000, 0.5);
}

int serve_others(uint16_t port, const char* path) {
  Site site;
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(std::string("cannot read ") + path);
  site.file = std::make_shared<const Bytes>(std::istreambuf_iterator<char>(file),
                                            std::istreambuf_iterator<char>());
  const auto server = serve(site, port);
  std::printf("%u\n", static_cast<unsigned>(server->port()));
  std::fflush(stdout);
  char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  return 0;
}

std::string ask(uint16_t port, const char* target) {
  HttpClient client({});
  HttpCall call;
  call.origin = {.tls = false, .host = "127.0.0.1", .port = port};
  call.target = target;
  const auto reply = client.call(std::move(call));
  if (!reply.ok()) fail(reply.error().message);
  return {reply->body.begin(), reply->body.end()};
}

int open_websocket(uint16_t port) {
  static constexpr std::string_view kHello =
      "GET /events HTTP/1.1\r\nhost: bench\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
      "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  if (socket < 0 || connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    fail("cannot connect");
  char answer[1024];
  if (send(socket, kHello.data(), kHello.size(), 0) < 0 ||
      recv(socket, answer, sizeof answer, 0) <= 0 || std::memcmp(answer, "HTTP/1.1 101", 12) != 0)
    fail("no WebSocket");
  return socket;
}

int measure_websockets(size_t n, uint16_t port) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);

  ask(port, "/small");
  const uint64_t before = std::stoull(ask(port, "/rss"));
  const int poll = epoll_create1(0);
  const double connecting = now_s();
  for (size_t i = 0; i < n; ++i) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = open_websocket(port)}};
    epoll_ctl(poll, EPOLL_CTL_ADD, event.data.fd, &event);
  }
  const double connected = now_s();
  while (std::stoull(ask(port, "/websockets")) < n) usleep(10'000);
  const uint64_t after = std::stoull(ask(port, "/rss"));
  std::printf("%zu WebSockets, opened in %.2f s: %.0f bytes each (RSS %.1f -> %.1f MB)\n", n,
              connected - connecting, static_cast<double>(after - before) / static_cast<double>(n),
              static_cast<double>(before) / 1e6, static_cast<double>(after) / 1e6);
  for (int round = 0; round < 5; ++round) {
    auto asked = std::async(std::launch::async, [&] { return ask(port, "/broadcast"); });
    const double begin = now_s();
    std::vector<epoll_event> events(1024);
    for (size_t heard = 0; heard < n;) {
      const int ready = epoll_wait(poll, events.data(), static_cast<int>(events.size()), 10'000);
      if (ready <= 0) fail("an announcement did not arrive");
      for (int i = 0; i < ready; ++i) {
        char frame[256];
        if (recv(events[static_cast<size_t>(i)].data.fd, frame, sizeof frame, 0) <= 0)
          fail("a WebSocket was closed");
        ++heard;
      }
    }
    std::printf("announcement %s: all reached after %.0f ms\n", asked.get().c_str(),
                (now_s() - begin) * 1e3);
  }
  std::printf("RSS afterwards: %.1f MB\n", std::stod(ask(port, "/rss")) / 1e6);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc == 4 ? argv[1] : "";
  if (mode == "--serve") return serve_others(static_cast<uint16_t>(std::stoul(argv[2])), argv[3]);
  if (mode == "--websockets")
    return measure_websockets(std::stoul(argv[2]), static_cast<uint16_t>(std::stoul(argv[3])));
  if (argc != 1) fail("usage: bench_http [--serve PORT FILE | --websockets N PORT]");
  measure_both();
}
