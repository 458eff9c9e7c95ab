// Courses on the small site that go on release by release.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "publishing/site.hpp"

namespace sotto {

inline Bytes published(const Course& course) {
  return write_snapshot(course.snapshot().value()).value();
}

struct Run {
  std::vector<StoredRelease> releases;
  std::vector<GateReport> reports;
};

// Releases, each collected and accepted.
inline Run run(Course& course, const Histories& devices, int releases,
               std::span<const float> metrics = {}) {
  SerialExecutor executor;
  Run out;
  for (int j = 0; j < releases; ++j) {
    out.releases.push_back(collect(course, devices, 100 + course.releases(), metrics));
    auto report = course.accept(out.releases.back(), executor);
    REQUIRE(report.ok());
    out.reports.push_back(std::move(report).value());
  }
  return out;
}

inline const TrainingSite& site() {
  static const TrainingSite kSite = training_site();
  return kSite;
}

inline Course fresh_course(const CourseOptions& options = course_options()) {
  return Course::create(options, site().content).value();
}

}  // namespace sotto
