// Records of what was collected and published: what is read is written back as it was, and nothing
// else is read.
#include "crypto/hash.hpp"
#include "publishing/publisher.hpp"
#include "target.hpp"

using namespace sotto;

namespace {

StoredRelease release() {
  StoredRelease release;
  release.number = 3;
  release.task_file = {1, 2, 3};
  release.task = sha256(release.task_file);
  release.reports = 100;
  release.sum = {-1, 0, 1};
  return release;
}

Publication publication() {
  Publication publication;
  publication.sequence = 2;
  publication.parent = 1;
  publication.why = "release";
  publication.metrics = PrequentialRelease{1, 2, 3, 4};
  publication.movers = {{"item", 0.5}};
  publication.manifest = {4, 5, 6};
  return publication;
}

SiteContent content() {
  SiteContent site;
  must(site.items.add("a").ok() && site.items.add("b").ok(), "items are added");
  site.content = Matrix::Ones(2, 3);
  site.catalogue.tag_names = {"tag"};
  site.catalogue.items = {{{0}, {}}, {{}, {}}};
  site.catalogue.item_index_version = site.items.version();
  return site;
}

}  // namespace

std::vector<Bytes> fuzz_seeds() {
  return {encode_release(release()), encode_publication(publication()), encode_content(content())};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes bytes(data, data + size);
  if (const auto read = decode_release(bytes); read.ok())
    must(encode_release(*read) == bytes, "releases have one form");
  if (const auto read = decode_publication(bytes); read.ok())
    must(encode_publication(*read) == bytes, "publications have one form");
  if (const auto read = decode_content(bytes); read.ok()) {
    must(read->content.rows() == static_cast<Eigen::Index>(read->items.size()), "one row an item");
    must(decode_content(encode_content(*read)).ok(), "content that is read can be written");
  }
  return 0;
}
