#include "lab/world_items.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_map>
#include <utility>

namespace sotto {
namespace {

constexpr uint64_t kItemSeed = 0x6974656D73;  // "items": a stream apart from all users'

struct TopicWords {
  const char* name;
  std::array<const char*, 3> nouns;
};

constexpr TopicWords kTopics[] = {
    {"gardening", {"Orchard", "Greenhouse", "Hedge"}},
    {"astronomy", {"Comet", "Eclipse", "Nebula"}},
    {"sailing", {"Harbour", "Regatta", "Lighthouse"}},
    {"cooking", {"Kitchen", "Feast", "Recipe"}},
    {"cycling", {"Velodrome", "Pass", "Tandem"}},
    {"history", {"Archive", "Empire", "Chronicle"}},
    {"jazz", {"Quartet", "Trumpet", "Encore"}},
    {"mountains", {"Summit", "Glacier", "Ridge"}},
    {"robots", {"Automaton", "Circuit", "Machine"}},
    {"mystery", {"Alibi", "Cipher", "Suspect"}},
    {"painting", {"Canvas", "Portrait", "Palette"}},
    {"chess", {"Gambit", "Endgame", "Bishop"}},
    {"birds", {"Heron", "Swallow", "Owl"}},
    {"trains", {"Express", "Junction", "Signal"}},
    {"theatre", {"Curtain", "Understudy", "Chorus"}},
    {"ocean", {"Reef", "Current", "Trench"}},
    {"poetry", {"Sonnet", "Ballad", "Verse"}},
    {"football", {"Derby", "Keeper", "Transfer"}},
    {"medicine", {"Ward", "Remedy", "Surgeon"}},
    {"desert", {"Oasis", "Caravan", "Dune"}},
    {"photography", {"Negative", "Darkroom", "Lens"}},
    {"forest", {"Clearing", "Ranger", "Timber"}},
    {"economics", {"Market", "Ledger", "Bargain"}},
    {"weather", {"Storm", "Drought", "Rainbow"}},
};

struct StyleWords {
  const char* name;
  std::array<const char*, 4> adjectives;
};

constexpr std::array<StyleWords, kStyles> kStyleWords = {{
    {"playful", {"Merry", "Dancing", "Cheerful", "Crooked"}},
    {"dark", {"Midnight", "Hollow", "Sunken", "Ashen"}},
    {"gentle", {"Quiet", "Patient", "Soft", "Slow"}},
    {"epic", {"Last", "Endless", "Golden", "Mighty"}},
    {"practical", {"Simple", "Honest", "Handy", "Plain"}},
    {"scholarly", {"Forgotten", "Annotated", "Second", "Curious"}},
    {"fast", {"Racing", "Sudden", "Electric", "Restless"}},
    {"romantic", {"Scarlet", "Distant", "Secret", "Tender"}},
}};

constexpr const char* kPlaces[] = {"Alder Bay",   "Brightwater", "Cold Ferry", "Dunmore",
                                   "Elm Street",  "Fallow Hill", "Greywick",   "Hazelford",
                                   "Isle Marrow", "Juniper Row", "Kingsmere",  "Low Tarn",
                                   "Marlow",      "Northgate",   "Oakhaven",   "Pell Valley"};

std::string topic_name(uint32_t topic) {
  if (topic < std::size(kTopics)) return kTopics[topic].name;
  return std::string("topic-").append(std::to_string(topic + 1));
}

std::string make_title(uint32_t topic, uint32_t style, Random& random) {
  const auto& adjectives = kStyleWords[style].adjectives;
  const auto& nouns = kTopics[topic % std::size(kTopics)].nouns;
  const std::string name = std::string("The ") + adjectives[random.below(adjectives.size())] + " " +
                           nouns[random.below(nouns.size())];
  const uint64_t place = random.below(2 * std::size(kPlaces));
  return place < std::size(kPlaces) ? name + " of " + kPlaces[place] : name;
}

// The popularity of each item: its topic's share, by Zipf's law over the items of the topic.
std::vector<double> draw_popularity(const std::vector<uint32_t>& topic_of,
                                    const WorldOptions& options, Random& random) {
  std::vector<double> share(options.topics), total(options.topics);
  for (double& s : share) s = std::exp(0.5 * random.normal());
  std::vector<uint32_t> next_rank(options.topics, 1);
  std::vector<double> popularity(topic_of.size());
  for (size_t item = 0; item < topic_of.size(); ++item) {
    popularity[item] = std::pow(next_rank[topic_of[item]]++, -options.popularity);
    total[topic_of[item]] += popularity[item];
  }
  for (size_t item = 0; item < topic_of.size(); ++item)
    popularity[item] *= share[topic_of[item]] / total[topic_of[item]];
  return popularity;
}

void finish_cells(WorldItems& items, const std::vector<double>& popularity,
                  const WorldOptions& options) {
  items.topic_mass.assign(options.topics, 0);
  for (size_t c = 0; c < items.cells.size(); ++c) {
    WorldCell& cell = items.cells[c];
    std::vector<double> weights;
    for (const uint32_t item : cell.items) weights.push_back(popularity[item]);
    for (const double weight : weights) cell.mass += weight;
    if (!weights.empty()) cell.table = AliasTable(weights);
    items.topic_mass[c / kStyles] += cell.mass;
  }
  items.by_popularity = AliasTable(popularity);
}

}  // namespace

std::string world_item_id(uint32_t item) {
  return std::string("i").append(std::to_string(item + 1));
}

WorldItems make_world_items(const WorldOptions& options) {
  constexpr double kSecondTopic = 0.25;
  constexpr double kArriveLater = 0.1;
  constexpr int kWorldYear = 2024;  // of the epoch of its users
  Random random(derive_seed(options.seed, kItemSeed));
  WorldItems items;
  items.cells.resize(size_t{options.topics} * kStyles);
  for (uint32_t topic = 0; topic < options.topics; ++topic)
    items.tag_names.push_back(topic_name(topic));
  for (const StyleWords& style : kStyleWords) items.tag_names.emplace_back(style.name);

  // Every topic has an item; beyond that, no pattern in the order, so that the popular items of a
  // topic (the first ones) are spread over the styles.
  std::vector<uint32_t> topic_of(options.items);
  for (uint32_t item = 0; item < options.items; ++item)
    topic_of[item] =
        item < options.topics ? item : static_cast<uint32_t>(random.below(options.topics));
  const std::vector<double> popularity = draw_popularity(topic_of, options, random);

  std::unordered_map<std::string, int> used_titles;
  for (uint32_t item = 0; item < options.items; ++item) {
    const uint32_t topic = topic_of[item];
    const auto style = static_cast<uint32_t>(random.below(kStyles));
    ItemInfo info;
    info.title = make_title(topic, style, random);
    if (const int n = ++used_titles[info.title]; n > 1)
      info.title += ", volume " + std::to_string(n);
    info.features.tags = {topic};
    items.cells[size_t{topic} * kStyles + style].items.push_back(item);
    if (options.topics > 1 && random.uniform() < kSecondTopic) {
      const auto step = static_cast<uint32_t>(1 + random.below(options.topics - 1));
      const uint32_t second = (topic + step) % options.topics;
      info.features.tags.push_back(second);
      items.cells[size_t{second} * kStyles + style].items.push_back(item);
    }
    info.features.tags.push_back(options.topics + style);
    const bool later = random.uniform() < kArriveLater && item >= options.topics;
    items.arrival_day.push_back(later ? static_cast<uint32_t>(random.below(options.days)) : 0);
    const auto age = static_cast<int>(12 * random.exponential());
    info.features.year = later ? kWorldYear : kWorldYear - 1 - std::min(age, 70);
    items.info.push_back(std::move(info));
  }
  finish_cells(items, popularity, options);
  return items;
}

}  // namespace sotto
