#include "sendmail_options.hpp"

#include <sysexits.h>

#include <optional>

#include "waypost/base/ascii.hpp"

namespace waypost::cli {

namespace {

// As getopt(3) knows them, of Postfix, OpenSMTPD and sendmail 8.17 together: where two of them differ, by the one that
// takes a value. -d, -E and -J have a value in the same word or none.
constexpr std::string_view meant_with_value = "fFNorORVb";
constexpr std::string_view ignored_with_value = "ABCDLMXehp";
constexpr std::string_view ignored_with_value_attached = "dEJ";
constexpr std::string_view ignored_alone = "GSTUcmnsvx";

bool is_one_of(char letter, std::string_view letters) { return letters.find(letter) != std::string_view::npos; }

sendmail_fault not_here(const std::string& option, std::string_view hint) {
    return {EX_UNAVAILABLE, "option " + base::printable(option) + " is not built: " + std::string(hint)};
}

class reading {
public:
    explicit reading(const std::vector<std::string>& arguments) : arguments_(arguments) {}

    std::variant<sendmail_options, sendmail_fault> run() {
        for (; next_ < arguments_.size() && !fault_; ++next_) read_argument(arguments_[next_]);
        if (fault_) return std::move(*fault_);
        return std::move(options_);
    }

private:
    void read_argument(const std::string& argument) {
        if (only_recipients_ || argument.size() < 2 || argument.front() != '-') {
            options_.recipients.push_back(argument);
        } else if (argument == "--") {
            only_recipients_ = true;
        } else {
            read_letters(argument);
        }
    }

    /// Letters without a value may stand together; the first that has one takes the rest of the word, or the next one.
    void read_letters(const std::string& word) {
        for (std::size_t i = 1; i < word.size() && !fault_; ++i) {
            const char letter = word[i];
            if (letter == 'q' || letter == 'Q') {
                fault_ = not_here(word, "the daemon tries deferred mail again by itself");
            } else if (is_one_of(letter, meant_with_value) || is_one_of(letter, ignored_with_value)) {
                std::string value = word.substr(i + 1);
                if (value.empty() && !take_next(value)) {
                    fault_ = {EX_USAGE, "option -" + std::string(1, letter) + " needs a value"};
                }
                if (!fault_) set(letter, value);
                return;
            } else if (is_one_of(letter, ignored_with_value_attached)) {
                return;
            } else if (!set_flag(letter)) {
                fault_ = {EX_USAGE, "unknown option " + base::printable(word)};
            }
        }
    }

    bool take_next(std::string& value) {
        if (next_ + 1 >= arguments_.size()) return false;
        value = arguments_[++next_];
        return true;
    }

    bool set_flag(char letter) {
        switch (letter) {
            case 't': options_.recipients_from_header = true; return true;
            case 'i': options_.dot_is_text = true; return true;
            case 'I': options_.mode = sendmail_mode::aliases; return true;
            default: return is_one_of(letter, ignored_alone);
        }
    }

    void set(char letter, const std::string& value) {
        switch (letter) {
            case 'f':
            case 'r': options_.sender = base::trim(value).empty() ? "<>" : value; break;
            case 'F': options_.full_name = value; break;
            case 'N': options_.notify = value; break;
            case 'R': options_.ret = value; break;
            case 'V': options_.envelope_id = value; break;
            case 'o': options_.dot_is_text = options_.dot_is_text || value == "i"; break;
            case 'O': options_.dot_is_text = options_.dot_is_text || ignores_dots(value); break;
            case 'b': set_mode(value); break;
            default: break;  // one that is ignored
        }
    }

    /// Of the long options the only one that changes what a message is.
    static bool ignores_dots(std::string_view value) {
        const std::string_view name = base::trim(value.substr(0, value.find('=')));
        const std::string_view choice = value.size() > name.size() ? base::trim(value.substr(value.find('=') + 1)) : "";
        return base::iequals(name, "IgnoreDots") && !base::istarts_with(choice, "f") && choice != "0";
    }

    void set_mode(const std::string& mode) {
        if (mode == "m" || mode == "a") {
            options_.mode = sendmail_mode::submit;
        } else if (mode == "s") {
            options_.mode = sendmail_mode::speak_smtp;
        } else if (mode == "i") {
            options_.mode = sendmail_mode::aliases;
        } else if (mode == "p" || mode == "P") {
            fault_ = not_here("-b" + mode, "the queue is an SQLite database, queue.db, for its owner to look into");
        } else if (mode == "d" || mode == "D" || mode == "l") {
            fault_ = not_here("-b" + mode, "`waypost serve` is the daemon");
        } else if (mode == "v" || mode == "t") {
            fault_ = not_here("-b" + mode, "`waypost explain FROM TO` says what would become of a mail");
        } else {
            fault_ = not_here("-b" + mode, "sendmail takes a message, or SMTP with -bs");
        }
    }

    const std::vector<std::string>& arguments_;
    std::size_t next_ = 0;
    bool only_recipients_ = false;
    sendmail_options options_;
    std::optional<sendmail_fault> fault_;
};

}  // namespace

std::variant<sendmail_options, sendmail_fault> parse_sendmail_options(const std::vector<std::string>& arguments) {
    return reading(arguments).run();
}

}  // namespace waypost::cli
