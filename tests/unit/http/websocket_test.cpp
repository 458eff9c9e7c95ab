#include <thread>

#include "loopback.hpp"

using namespace sotto;

namespace {

HttpServerOptions with_events() {
  HttpServerOptions options;
  options.websocket_path = "/events";
  return options;
}

std::string handshake(std::string_view query = "", std::string_view version = "13") {
  return get("/events" + std::string(query),
             "connection: keep-alive, Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: " +
                 std::string(version) + "\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
}

struct Frame {
  unsigned opcode;
  std::string payload;
  unsigned close_code() const {
    return static_cast<uint8_t>(payload[0]) * 256U + static_cast<uint8_t>(payload[1]);
  }
};

class Listener : public RawClient {
 public:
  explicit Listener(const HttpServer& server, std::string_view query = "", int receive_buffer = 0)
      : RawClient(server, receive_buffer) {
    send(handshake(query));
    const RawResponse response = this->response(false);
    REQUIRE(response.status == 101);
    CHECK(response.has("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
  }
  Frame frame() {
    const std::string head = take(2);
    size_t length = static_cast<uint8_t>(head[1]);
    if (length == 126) {
      const std::string more = take(2);
      length = static_cast<uint8_t>(more[0]) * 256U + static_cast<uint8_t>(more[1]);
    } else if (length == 127) {
      const std::string more = take(8);
      length = 0;
      for (const char byte : more) length = length << 8 | static_cast<uint8_t>(byte);
    }
    return {static_cast<uint8_t>(head[0]) & 0x0FU, take(length)};
  }
  /// Masked with zeros.
  void send_frame(unsigned opcode, std::string_view payload) {
    std::string frame{
        static_cast<char>(0x80U | opcode), static_cast<char>(0x80U | payload.size()), 0, 0, 0, 0};
    send(frame += payload);
  }
};

}  // namespace

TEST_CASE("every listener gets every announcement, in order") {
  TestServer test(with_events());
  Listener first(*test.server);
  Listener second(*test.server);
  CHECK(test.server->statistics().websockets == 2);
  for (uint64_t id = 1; id <= 20; ++id) CHECK(test.server->broadcast(R"({"type":"model"})") == id);
  for (Listener* listener : {&first, &second}) {
    for (int id = 1; id <= 20; ++id)
      CHECK(listener->frame().payload == "{\"id\":" + std::to_string(id) + ",\"type\":\"model\"}");
  }
  first.close();
  CHECK(eventually([&] { return test.server->statistics().websockets == 1; }));
}

TEST_CASE("a listener resumes behind what it had, and hears of a gap") {
  HttpServerOptions options = with_events();
  options.websocket_history = 2;
  TestServer test(options);
  for (int i = 0; i < 4; ++i) test.server->broadcast("{}");

  Listener resumed(*test.server, "?after=3");
  CHECK(resumed.frame().payload == "{\"id\":4}");
  Listener late(*test.server, "?after=1");
  CHECK(late.frame().payload == "{\"id\":2,\"missed\":true}");
  CHECK(late.frame().payload == "{\"id\":3}");
  CHECK(late.frame().payload == "{\"id\":4}");
  Listener fresh(*test.server);
  test.server->broadcast("{}");
  for (Listener* listener : {&resumed, &late, &fresh})
    CHECK(listener->frame().payload == "{\"id\":5}");
}

TEST_CASE("a listener that sends a message is closed with 1008") {
  TestServer test(with_events());
  Listener client(*test.server);
  client.send_frame(1, "hello");
  const Frame frame = client.frame();
  CHECK(frame.opcode == 8);
  CHECK(frame.close_code() == 1008);
  CHECK(client.closed());
}

TEST_CASE("a malformed frame is closed with 1002, however long it says it is") {
  TestServer test(with_events());
  Listener client(*test.server);
  client.send(std::string_view("\x89\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 10));
  CHECK(client.frame().close_code() == 1002);
  CHECK(client.closed());
}

TEST_CASE("a listener's pings and its close are answered") {
  TestServer test(with_events());
  Listener client(*test.server);
  client.send_frame(9, "are you there");
  const Frame pong = client.frame();
  CHECK(pong.opcode == 10);
  CHECK(pong.payload == "are you there");
  client.send_frame(8, "\x03\xE8");
  CHECK(client.frame().close_code() == 1000);
  CHECK(client.closed());
}

TEST_CASE("frames that come with the handshake are read") {
  TestServer test(with_events());
  RawClient client(*test.server);
  client.send(handshake() + std::string("\x89\x80\0\0\0\0", 6));
  CHECK(client.response(false).status == 101);
  CHECK(client.take(2) == std::string("\x8A\0", 2));
}

TEST_CASE("a heartbeat is answered or the listener goes") {
  HttpServerOptions options = with_events();
  options.websocket_heartbeat_ms = 40;
  TestServer test(options);
  Listener client(*test.server);
  for (int i = 0; i < 3; ++i) {
    CHECK(client.frame().opcode == 9);
    client.send_frame(10, "");
  }
  CHECK(client.frame().opcode == 9);
  CHECK(client.closed());
  CHECK(eventually([&] { return test.server->statistics().websockets == 0; }));
}

TEST_CASE("a listener that does not keep up is closed with 1013") {
  HttpServerOptions options = with_events();
  options.websocket_history = 4;
  TestServer test(options);
  Listener slow(*test.server, "", 4096);
  test.server->broadcast("{}");
  CHECK(slow.frame().payload == "{\"id\":1}");
  // Far more than the kernel buffers.
  const std::string event = "{\"text\":\"" + std::string(1 << 20, 'a') + "\"}";
  for (int i = 0; i < 30; ++i) test.server->broadcast(event);
  Frame frame = slow.frame();
  size_t events = 0;
  for (; frame.opcode == 1; frame = slow.frame()) ++events;
  CHECK(events < 30);
  CHECK(frame.opcode == 8);
  CHECK(frame.close_code() == 1013);
}

TEST_CASE("who does not speak WebSocket is told what to speak") {
  TestServer test(with_events());
  RawClient plain(*test.server);
  const RawResponse response = plain.ask(get("/events"));
  CHECK(response.status == 426);
  CHECK(response.has("upgrade: websocket\r\n"));
  RawClient old(*test.server);
  CHECK(old.ask(handshake("", "8")).has("sec-websocket-version: 13\r\n"));
  RawClient wrong(*test.server);
  CHECK(wrong.ask(handshake("?after=x")).status == 400);
}

TEST_CASE("listeners beyond the most are sent away") {
  HttpServerOptions options = with_events();
  options.most_websockets = 1;
  TestServer test(options);
  Listener first(*test.server);
  RawClient second(*test.server);
  const RawResponse response = second.ask(handshake());
  CHECK(response.status == 503);
  CHECK(response.has("retry-after: "));
}

TEST_CASE("stop says goodbye with 1001") {
  TestServer test(with_events());
  Listener client(*test.server);
  std::thread stopping([&] { test.server->stop(20'000); });
  CHECK(client.frame().close_code() == 1001);
  CHECK(client.closed());
  client.close();
  stopping.join();
  CHECK(test.server->statistics().connections == 0);
  CHECK(test.server->broadcast("{}") == 1);
}
