#include "server/tokens.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "crypto/random.hpp"
#include "store/records.hpp"

namespace sotto {

TEST_CASE("tokens: only the token itself authenticates, and the store does not hold it") {
  test::MemoryStore store;
  TestEntropy entropy(1);
  const NewToken ann = make_token("ann", AdminRole::kAdmin, entropy, 5).value();
  const NewToken bob = make_token("bob", AdminRole::kViewer, entropy, 6).value();
  const StoreChange changes[] = {ann.change, bob.change};
  REQUIRE(store.commit(changes).ok());
  const auto tokens = read_tokens(store).value();
  REQUIRE(tokens.size() == 2);
  for (const StoreChange& change : changes) {
    const std::string stored(change.record.bytes->begin(), change.record.bytes->end());
    CHECK(stored.find(ann.secret.substr(6)) == std::string::npos);
  }

  const auto who = authenticate(tokens, "Bearer " + ann.secret);
  REQUIRE(who.has_value());
  CHECK(who->name == "ann");
  CHECK(who->role == AdminRole::kAdmin);
  CHECK(authenticate(tokens, "Bearer " + bob.secret)->name == "bob");
  for (const std::string& wrong :
       {std::string("Bearer "), std::string("Bearer sotto_"), ann.secret, "bearer " + ann.secret,
        "Bearer " + ann.secret + "0", "Bearer " + ann.secret.substr(0, ann.secret.size() - 1)})
    CHECK_FALSE(authenticate(tokens, wrong).has_value());
  CHECK_FALSE(authenticate(tokens, std::nullopt).has_value());

  const StoreChange revoked = revoke_token(ann.token.id);
  REQUIRE(store.commit({&revoked, 1}).ok());
  CHECK_FALSE(authenticate(read_tokens(store).value(), "Bearer " + ann.secret).has_value());
}

TEST_CASE("tokens: names are checked, damaged records refused") {
  TestEntropy entropy(2);
  CHECK_FALSE(make_token("", AdminRole::kViewer, entropy, 0).ok());
  CHECK_FALSE(make_token(std::string(65, 'x'), AdminRole::kViewer, entropy, 0).ok());
  CHECK_FALSE(make_token("line\nbreak", AdminRole::kViewer, entropy, 0).ok());
  const NewToken made = make_token("ann", AdminRole::kViewer, entropy, 0).value();
  const Bytes& bytes = *made.change.record.bytes;
  for (size_t size = 0; size < bytes.size(); ++size) {
    test::MemoryStore store;
    const StoreChange cut{
        "token", {"0", Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size))}};
    REQUIRE(store.commit({&cut, 1}).ok());
    CHECK_FALSE(read_tokens(store).ok());
  }
}

}  // namespace sotto
