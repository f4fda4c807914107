// Our validator against Boost.JSON's parser, an independent implementation, on damaged documents.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <boost/json/src.hpp>
#include <string>

#include "proto/json/validator.h"

namespace batchd::json {
namespace {

bool boost_accepts(std::string_view text) {
  boost::json::stream_parser parser({}, {.max_depth = 64});
  boost::json::error_code code;
  parser.write({text.data(), text.size()}, code);
  if (!code) parser.finish(code);
  return !code || code == boost::json::error::exponent_overflow;  // a limit of Boost's, not of JSON
}

const std::vector<std::string> kSeeds{
    R"({"contents":[{"role":"user","parts":[{"text":"caf\u00e9 \ud83d\ude00 \"q\" \\"}]}],"n":[-0.5e+10,0,12,true,false,null]})",
    "[\"\xE2\x82\xAC\xF0\x9F\x98\x80\xC3\xA9\", {}, [], {\"a\":{\"b\":[[[]]]}} , 1E5]",
    R"( [ "\u0000\n\/" , -1 , 1.25 , { "x" : "y" , "z" : [ ] } ] )",
};

const std::string kBytes = "{}[]\",:\\u0123456789abcdefDdCF+-.eE \n\t\x01\x80\xBF\xC3\xE2\xED\xF0\xF4\xFFtrnl/";

TEST(ValidatorOracle, AgreesWithBoostOnDamagedDocuments) {
  rc::check("same verdict, and the same in fragments", [] {
    std::string text = *rc::gen::elementOf(kSeeds);
    const int edits = *rc::gen::inRange(0, 4);
    for (int i = 0; i < edits; ++i) {
      const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
      const char byte = *rc::gen::elementOf(kBytes);
      const int how = *rc::gen::inRange(0, 4);
      if (how == 0) text[at] = byte;
      if (how == 1) text.insert(at, 1, byte);
      if (how == 2) text.erase(at, 1 + *rc::gen::inRange<std::size_t>(0, 3));
      if (how == 3) text.resize(at + 1);
    }
    JsonFault fault;
    const bool valid = validate(text, {}, &fault);
    RC_ASSERT(valid == boost_accepts(text));

    const auto first = *rc::gen::inRange<std::size_t>(0, text.size() + 1);
    const auto second = *rc::gen::inRange<std::size_t>(first, text.size() + 1);
    Validator validator;
    const std::string_view view = text;
    const bool again = validator.feed(view.substr(0, first)) && validator.feed(view.substr(first, second - first)) &&
                       validator.feed(view.substr(second)) && validator.finish();
    RC_ASSERT(again == valid);
    if (!valid) RC_ASSERT(validator.fault().offset == fault.offset);
    // What stands before the fault is a beginning of some valid document; with the faulty byte it isn't.
    if (!valid && fault.offset < text.size()) RC_ASSERT(!boost_accepts(view.substr(0, fault.offset + 1)));
  });
}

}  // namespace
}  // namespace batchd::json
